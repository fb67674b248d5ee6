// Fetches: the functions behind the names that conditions use (config/fetches has their words).
// Pure but for the shared counters they read. Any worker.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/match.h"
#include "routing/facts.h"

namespace pgsteer::routing {

// What a fetch was given in its parentheses; those without a name mean the client's own proxy.
struct Arguments {
    std::optional<BackendId> backend;
    std::optional<FrontendId> frontend;
    std::optional<ServerId> server;
    std::vector<std::int64_t> numbers;
    std::string text;        // what a constant or a variable is
    std::int64_t count = 0;  // nbthread, be_id, fe_id: the number itself
    Address address;         // ipv4, ipv6
    std::shared_ptr<StickTable> table;
};

struct Sampled {
    std::optional<Value> value;
    bool may_change = false;  // bytes that are still to come may make it another
    // Servers without a verdict count as unusable; when they are judged it will be one of these.
    std::optional<Range> when_judged = {};
};

using Fetch = Sampled (*)(const Facts& facts, const Arguments& arguments);

// By the first name of config/fetches; null when there is none.
Fetch find_fetch(std::string_view name);

// Servers of a backend that take new sessions; several backups count as one unless all serve
// (HAProxy's be_usable_srv). `lowest` and `highest`: once those without a verdict are judged.
struct UsableServers {
    std::int64_t now = 0, lowest = 0, highest = 0;
};
UsableServers usable_servers(const RoutingTable& table, BackendId backend);

}  // namespace pgsteer::routing
