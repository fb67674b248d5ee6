// The name of a server stands for something else: what was known of it is another machine's.
#include <fmt/format.h>

#include <utility>

#include "health/cluster_state.h"

namespace pgsteer::health {
namespace {

std::string words(const std::vector<Address>& addresses) {
    std::string text;
    for (const Address& address : addresses)
        text += (text.empty() ? "" : ", ") + address.host();
    return text.empty() ? "(none)" : text;
}

// HAProxy's lines (srv_update_addr, snr_update_srv_status).
void tell(routing::ServerId id, const ServerState& server, const std::vector<Address>& before,
          const std::string& told, std::vector<Change>& changes) {
    const auto line = [&](std::string text) {
        changes.push_back({Change::Kind::moved, id, std::move(text), false});
    };
    line(fmt::format("{}/{} changed its IP from {} to {} by {}.", server.backend->name,
                     server.config->name, words(before), words(server.addresses), told));
    if (before.empty())
        line(fmt::format("Server {}/{} ('{}') is UP/READY (resolves again).", server.backend->name,
                         server.config->name, server.config->endpoint.host));
}

}  // namespace

std::vector<Change> Cluster::move(routing::ServerId id, Whereabouts where, TimePoint now) {
    ServerState& server = state_->at(id);
    if (std::exchange(server.dns_weight, where.weight) != where.weight) state_->dirty = true;
    const bool nowhere = where.addresses.empty();
    const bool same = server.addresses == where.addresses && server.unresolved == nowhere;
    if (nowhere) server.unresolved_why = where.told;
    if (same) return {};
    std::vector<Change> changes;
    const bool first = server.addresses.empty() && !server.unresolved;
    const auto before = std::exchange(server.addresses, std::move(where.addresses));
    server.unresolved = nowhere;
    if (!first && !nowhere) tell(id, server, before, where.told, changes);
    server.unreachable = false;
    server.failed_connects = 0;
    state_->dirty = true;
    if (!first) {
        server.forget();
        server.next_due = now;
        server.agent_due = now;
    }
    state_->settle(now, changes);
    return changes;
}

}  // namespace pgsteer::health
