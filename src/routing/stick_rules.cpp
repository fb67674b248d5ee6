// Stick rules: where a client's key went before, and keeping where it goes now. HAProxy's
// process_sticking_rules and process_store_rules (src/stream.c).
#include <algorithm>

#include "routing/rules.h"

namespace pgsteer::routing {
namespace {

// HAProxy's MAX_SESS_STKCTR stores of one request.
constexpr std::size_t most_kept = 8;

std::optional<std::string> key_of(const StickRule& rule, const Facts& facts) {
    const Sampled sampled = rule.key.fetch(facts, rule.key.arguments);
    if (!sampled.value) return std::nullopt;
    return routing::key_of(rule.table->spec(), *sampled.value);
}

// By its name, or the number it has here; a table may be of another backend.
std::optional<ServerId> find(const Facts& facts, const StuckTo& stuck) {
    const BackendRow& backend = facts.table.at(facts.backend);
    const auto look = [&](auto is_it) -> std::optional<ServerId> {
        const auto found =
            std::find_if(backend.servers.begin(), backend.servers.end(),
                         [&](const ServerId id) { return is_it(facts.table.at(id)); });
        if (found == backend.servers.end()) return std::nullopt;
        return *found;
    };
    if (!stuck.name.empty())
        if (const auto named = look([&](const ServerRow& row) { return row.name == stuck.name; }))
            return named;
    return look([&](const ServerRow& row) { return row.number == stuck.number; });
}

}  // namespace

std::optional<ServerId> stuck_server(const BackRules& rules, const Facts& facts) {
    std::optional<ServerId> first;
    for (const StickRule& rule : rules.sticks) {
        if (!rule.matches || holds(rule.condition, facts) != Truth::yes) continue;
        const auto key = key_of(rule, facts);
        const auto stuck = key ? rule.table->server_of(*key, facts.now) : std::nullopt;
        if (!stuck || first) continue;
        const auto server = find(facts, *stuck);
        if (!server) continue;
        const ServerRow& row = facts.table.at(*server);
        // One that drains keeps those who know it.
        if (row.accepts || row.cause == Cause::draining) first = server;
    }
    return first;
}

void keep_server(const BackRules& rules, const Facts& facts, ServerId server) {
    const ServerRow& row = facts.table.at(server);
    if (!row.sticks) return;
    std::vector<const StickTable*> kept;
    for (const StickRule& rule : rules.sticks) {
        if (!rule.stores || kept.size() == most_kept) continue;
        if (std::find(kept.begin(), kept.end(), rule.table.get()) != kept.end()) continue;
        if (holds(rule.condition, facts) != Truth::yes) continue;
        const auto key = key_of(rule, facts);
        if (!key) continue;
        rule.table->keep(*key, {row.number, row.name}, facts.now);
        kept.push_back(rule.table.get());
    }
}

}  // namespace pgsteer::routing
