#include "inetd/limits.h"

#include <algorithm>

namespace pgsteer::inetd {

std::string_view word(Refusal refusal) {
    switch (refusal) {
        case Refusal::none:
            return "none";
        case Refusal::address:
            return "address";
        case Refusal::time:
            return "time";
        case Refusal::fork:
            return "fork";
        case Refusal::service_limit:
            return "service_limit";
        case Refusal::per_source_limit:
            return "per_source_limit";
        case Refusal::process_limit:
            return "process_limit";
        case Refusal::load:
            return "load";
        case Refusal::cps:
            return "connections per second";
    }
    return "";
}

bool Rate::exceeded(const config::InetService& service, TimePoint now) {
    const std::uint64_t most = service.cps_most;
    if (most == 0) return false;
    const auto passed = static_cast<std::uint64_t>(
        std::max<std::int64_t>(0, std::chrono::duration_cast<seconds>(now - since_).count()));
    if (count_ == 0 || passed >= most) {
        count_ = 1;
        since_ = now;
        return false;
    }
    ++count_;
    if (count_ / std::max<std::uint64_t>(passed, 1) <= most) return false;
    count_ = 0;
    return true;
}

Refusal check(const config::InetService& service, const Present& present) {
    if (service.max_load > 0 && present.load >= service.max_load) return Refusal::load;
    const auto& times = service.access_times;
    const bool open =
        times.empty() || std::any_of(times.begin(), times.end(), [&](const config::DayTime& time) {
            return time.from <= present.minute && present.minute <= time.to;
        });
    if (!open) return Refusal::time;
    if (service.instances && present.running >= *service.instances) return Refusal::service_limit;
    if (service.per_source && present.of_source >= *service.per_source)
        return Refusal::per_source_limit;
    if (present.most_processes != 0 && present.processes >= present.most_processes)
        return Refusal::process_limit;
    return Refusal::none;
}

// Listed in no_access is refused, also where only_from lists it too (xinetd calls that an error and
// refuses; its manual's "better match" is not what it does).
Refusal check_address(const config::InetService& service, const Address& peer,
                      std::string_view name) {
    if (service.no_access && service.no_access->match(peer, name) != 0) return Refusal::address;
    if (service.only_from && service.only_from->match(peer, name) == 0) return Refusal::address;
    return Refusal::none;
}

}  // namespace pgsteer::inetd
