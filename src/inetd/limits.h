// Who may use a service now: xinetd's rules before a server starts. Pure; time is an argument.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/clock.h"
#include "config/xinetd.h"

namespace pgsteer::inetd {

enum class Refusal {
    none,
    address,
    time,
    fork,
    service_limit,
    per_source_limit,
    process_limit,
    load,
    cps,
};
// xinetd's word for the log.
std::string_view word(Refusal refusal);

// xinetd counts whole seconds: the connections since a moment over the seconds since then; after
// `most` seconds it begins anew (access.c, CPS handler).
class Rate {
  public:
    // Does this connection come too fast? Then the service is to be switched off for a pause.
    bool exceeded(const config::InetService& service, TimePoint now);

  private:
    std::uint64_t count_ = 0;
    TimePoint since_;
};

// What there is when a connection comes; what `load` and `running` do not ask for stays 0.
struct Present {
    std::size_t running = 0;         // servers of this service
    std::size_t of_source = 0;       // those for the same client address
    std::size_t processes = 0;       // servers of all services
    std::size_t most_processes = 0;  // 0: no limit
    double load = 0;
    int minute = 0;  // of the day, local time
};

Refusal check(const config::InetService& service, const Present& present);
// `name` is what a reverse lookup said, if one was needed.
Refusal check_address(const config::InetService& service, const Address& peer,
                      std::string_view name);

}  // namespace pgsteer::inetd
