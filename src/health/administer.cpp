// What an operator says becomes part of each server's axes; the next table has it.
#include <algorithm>
#include <utility>

#include "health/build.h"
#include "health/cluster_state.h"

namespace pgsteer::health {
namespace {

bool asks_other(const AdminState& a, const AdminState& b) {
    return a.check_port != b.check_port || a.check_address != b.check_address ||
           a.agent_address != b.agent_address || a.agent_port != b.agent_port ||
           a.agent_send != b.agent_send || a.fqdn != b.fqdn || a.port != b.port ||
           a.address != b.address;
}

}  // namespace

std::optional<routing::ServerId> Cluster::find(std::string_view backend,
                                               std::string_view server) const {
    for (const routing::BackendRow& row : state_->rows.backends) {
        if (row.name != backend) continue;
        for (const routing::ServerId id : row.servers)
            if (state_->rows.at(id).name == server) return id;
    }
    return std::nullopt;
}

const AdminState& Cluster::admin(routing::ServerId id) const {
    return state_->at(id).admin;
}

std::vector<Change> Cluster::administer(routing::ServerId id, const AdminState& admin,
                                        TimePoint now) {
    ServerState& server = state_->at(id);
    if (server.admin == admin) return {};
    const AdminState before = std::exchange(server.admin, admin);
    const bool was_away = before.mode ? *before.mode == AdminMode::maintenance
                                      : server.config->disabled || server.backend->disabled;
    state_->dirty = true;
    // What was known before its maintenance may have changed in it: unknown is never UP.
    if (was_away && !server.maintenance()) {
        server.forget();
    }
    if (admin.address != before.address || admin.port != before.port || admin.fqdn != before.fqdn) {
        server.unreachable = false;
        server.failed_connects = 0;
    }
    if (asks_other(before, admin) || was_away || before.checks_paused != admin.checks_paused ||
        before.agent_paused != admin.agent_paused)
        state_->ask_anew(id, now);
    return advance(now);
}

std::vector<Change> Cluster::force_health(routing::ServerId id, ForcedHealth health,
                                          TimePoint now) {
    ServerState& server = state_->at(id);
    server.rise_fall.settle(health != ForcedHealth::down);
    server.last.conditional = health == ForcedHealth::stopping;
    server.last.passed = health != ForcedHealth::down;
    return advance(now);
}

std::vector<Change> Cluster::force_agent(routing::ServerId id, bool up, TimePoint now) {
    ServerState& server = state_->at(id);
    server.agent.down = !up;
    server.agent.why = up ? "" : "changed from CLI";
    return advance(now);
}

void Cluster::end_sessions(routing::ServerId id) {
    state_->at(id).killed_before = state_->rows.version + 1;
    state_->dirty = true;
}

const FrontendAdmin& Cluster::admin(routing::FrontendId id) const {
    return state_->frontends[routing::index_of(id)];
}

void Cluster::administer(routing::FrontendId id, const FrontendAdmin& admin) {
    state_->frontends[routing::index_of(id)] = admin;
    routing::FrontendRow& row = state_->rows.frontends[routing::index_of(id)];
    row.listens = admin.mode == FrontendAdmin::Mode::open;
    if (admin.maxconn) row.limit = *admin.maxconn;
    state_->reshaped = true;
}

void Cluster::set_limit(std::uint32_t sessions) {
    state_->rows.limit = sessions;
    state_->reshaped = true;
}

std::map<std::string, AdminState> Cluster::admin_states() const {
    std::map<std::string, AdminState> states;
    for (const ServerState& server : state_->servers)
        if (!server.removed && server.admin != AdminState{})
            states[server.backend->name + "/" + server.config->name] = server.admin;
    return states;
}

// As HAProxy: the lowest that no server of the backend has.
std::uint32_t Cluster::State::free_number(routing::BackendId backend) const {
    const auto& members = rows.at(backend).servers;
    std::uint32_t number = 1;
    const auto taken = [&](routing::ServerId id) {
        return servers[routing::index_of(id)].number == number;
    };
    while (std::any_of(members.begin(), members.end(), taken))
        ++number;
    return number;
}

routing::ServerId Cluster::add_server(routing::BackendId backend, config::Server added,
                                      TimePoint now) {
    State& state = *state_;
    const auto id = static_cast<routing::ServerId>(state.servers.size());
    const auto line = std::make_shared<const config::Server>(std::move(added));
    ServerState& server =
        state.servers.emplace_back(line, state.backend_configs[routing::index_of(backend)]);
    server.last_change = now;
    server.number = state.free_number(backend);
    server.admin.mode = AdminMode::maintenance;
    server.decided = decide(server.axes());
    routing::ServerRow row = server_row(*line, backend, state.workers);
    const auto& members = state.rows.at(backend).servers;
    if (!members.empty()) row.pace.full = state.rows.at(members.front()).pace.full;
    row.pace.backend = state.rows.at(backend).shared;
    state.rows.servers.push_back(std::move(row));
    state.rows.backends[routing::index_of(backend)].servers.push_back(id);
    state.reshaped = true;
    state.follow_tracked();
    return id;
}

void Cluster::remove_server(routing::ServerId id) {
    ServerState& server = state_->at(id);
    server.removed = true;
    state_->ask_anew(id, TimePoint::min());
    auto& members = state_->rows.backends[routing::index_of(state_->rows.at(id).backend)].servers;
    std::erase(members, id);
    state_->reshaped = true;
}

const Origin& Cluster::origin(routing::ServerId server) const {
    return state_->at(server).config->origin;
}

std::vector<Address> Cluster::session_addresses(routing::ServerId id) const {
    return state_->at(id).session_addresses();
}

const config::Backend& Cluster::backend_config(routing::ServerId id) const {
    return *state_->at(id).backend;
}

BackendHealth Cluster::backend_health(routing::BackendId id, TimePoint now) const {
    BackendHealth health = state_->backends[routing::index_of(id)];
    if (!health.up) health.downtime += now - health.last_change;
    return health;
}

void Cluster::State::leave(std::optional<QuestionId>& question, routing::ServerId id) {
    if (!question) return;
    std::erase(questions[static_cast<std::size_t>(*question)].servers, id);
    question.reset();
}

void Cluster::State::ask_anew(routing::ServerId id, TimePoint now) {
    ServerState& server = at(id);
    leave(server.question, id);
    leave(server.agent_question, id);
    if (server.asked()) add_question(id, now);
    if (server.agent_asked()) add_agent(id, now);
    // Known or not, it is asked now: what it said was another place's word, or an old one.
    if (server.question) server.next_due = now;
    if (server.agent_question) server.agent_due = now;
}

}  // namespace pgsteer::health
