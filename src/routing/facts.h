// Facts: what rules can look at when they are asked about one client. Filled by the worker that
// holds the client, read by fetches; lives for one question.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/address.h"
#include "base/clock.h"
#include "routing/table.h"

namespace pgsteer::routing {

struct TrackedKeys;  // stick_table.h

struct Facts {
    const RoutingTable& table;
    FrontendId frontend{};
    BackendId backend{};
    Address client;       // AF_UNSPEC: a unix socket's
    Address destination;  // AF_UNSPEC: not known, or not asked for
    std::uint32_t listener_id = 0;
    std::string_view listener_name = {};
    std::span<const std::byte> bytes = {};  // the client's first
    bool may_grow = false;                  // more bytes may come, and there is time
    bool may_settle = false;  // servers are still to be judged, and the client can wait for that
    std::uint32_t random = 0;
    TimePoint now;
    const TrackedKeys* tracked = nullptr;        // null: none
    std::string_view tls_name = {};              // that the client asked for by TLS of ours
    bool over_tls = false;                       // the client speaks TLS to us
    std::span<const std::string> captured = {};  // what rules kept of the client; "": nothing
};

}  // namespace pgsteer::routing
