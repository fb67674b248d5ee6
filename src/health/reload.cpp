// A reload: the cluster goes by another configuration. Nothing is built beside what is there and
// copied over: each row and each server stays in its place, so that ids mean the same in every
// table. Sessions, reports under way, probes and the counters that rows share need no translation;
// what is new gets the next ids, and what is gone is retired where it is.
#include <algorithm>
#include <utility>

#include "health/build.h"
#include "health/cluster_state.h"
#include "health/rules.h"

namespace pgsteer::health {
namespace {

using routing::BackendId;
using routing::FrontendId;
using routing::ServerId;

template <class Rows>
std::optional<std::size_t> find_row(const Rows& rows, const std::string& name) {
    const auto found =
        std::find_if(rows.begin(), rows.end(), [&](const auto& row) { return row.name == name; });
    if (found == rows.end()) return std::nullopt;
    return static_cast<std::size_t>(found - rows.begin());
}

bool same_place(const config::Server& a, const config::Server& b) {
    return a.endpoint.host == b.endpoint.host && a.endpoint.port == b.endpoint.port &&
           a.endpoint.unix_socket == b.endpoint.unix_socket && a.naming.place == b.naming.place;
}

// What an operator said stands, but for what the file says otherwise now than it did then.
AdminState kept(AdminState admin, const config::Server& before, const config::Server& now) {
    if (before.disabled != now.disabled) admin.mode.reset();
    if (before.weight != now.weight) admin.weight.reset();
    if (before.maxconn != now.maxconn) admin.maxconn.reset();
    if (before.check_port != now.check_port) admin.check_port.reset();
    if (before.check_address != now.check_address) admin.check_address.reset();
    if (same_place(before, now)) return admin;
    admin.address.reset();
    admin.fqdn.reset();
    admin.port.reset();
    return admin;
}

}  // namespace

class Cluster::Reload {
  public:
    Reload(State& state, std::shared_ptr<const config::Config> config, TimePoint now)
        : state_(state), config_(std::move(config)), now_(now) {}

    Reloaded run() {
        routing::RoutingTable fresh = plain_rows(*config_, state_.workers);
        place_backends(fresh);
        for (std::size_t i = 0; i < config_->backends.size(); ++i)
            place_servers(i, fresh);
        retire_servers();
        settle_backends(fresh);
        settle_frontends(fresh);
        add_stick_tables(*config_, state_.rows);
        add_rules(*config_, state_.rows);
        state_.node = config_->global.node.value_or("");
        state_.spread = config_->global.check_spread;
        // An operator's `set maxconn global` stands until the file says something else.
        if (std::exchange(state_.limit_of_file, fresh.limit) != fresh.limit)
            state_.rows.limit = fresh.limit;
        state_.rows.settled_by = after(now_, longest_first_verdict);
        state_.follow_tracked();
        ask();
        state_.reshaped = true;
        return std::move(reloaded_);
    }

  private:
    void place_backends(const routing::RoutingTable& fresh) {
        for (std::size_t i = 0; i < fresh.backends.size(); ++i) {
            const auto found = find_row(state_.rows.backends, fresh.backends[i].name);
            const std::size_t place = found.value_or(state_.rows.backends.size());
            if (!found) {
                state_.rows.backends.push_back(fresh.backends[i]);
                state_.elections.emplace_back();
                state_.backends.emplace_back().last_change = now_;
                state_.backend_configs.emplace_back();
            }
            state_.backend_configs[place] = {config_, &config_->backends[i]};
            backends_.push_back(static_cast<BackendId>(place));
        }
        members_.resize(backends_.size());
        stays_.resize(state_.servers.size());
    }

    void place_servers(std::size_t backend, const routing::RoutingTable& fresh) {
        const auto& lines = config_->backends[backend].servers;
        for (std::size_t j = 0; j < lines.size(); ++j) {
            const routing::ServerRow& row = fresh.at(fresh.backends[backend].servers[j]);
            const auto known = find(fresh.backends[backend].name, lines[j]);
            const std::shared_ptr<const config::Server> line(config_, &lines[j]);
            const ServerId id = known ? go_on(*known, line, backend, row) : add(line, backend, row);
            state_.at(id).number = static_cast<std::uint32_t>(j) + 1;
            members_[backend].push_back(id);
        }
    }

    // One of the same name at the same place; of those that were removed the last.
    std::optional<ServerId> find(const std::string& backend, const config::Server& line) const {
        std::optional<ServerId> found;
        for (std::size_t i = 0; i < stays_.size(); ++i) {
            const ServerState& server = state_.servers[i];
            if (server.backend->name != backend || server.config->name != line.name ||
                !same_place(*server.config, line))
                continue;
            found = static_cast<ServerId>(i);
            if (!server.removed) break;
        }
        return found;
    }

    ServerId go_on(ServerId id, const std::shared_ptr<const config::Server>& line,
                   std::size_t backend, const routing::ServerRow& fresh) {
        ServerState& server = state_.at(id);
        stays_[routing::index_of(id)] = true;
        server.admin = server.removed ? AdminState{} : kept(server.admin, *server.config, *line);
        const auto& its_backend = state_.backend_configs[routing::index_of(backends_[backend])];
        const bool knows =
            !std::exchange(server.removed, false) && asks_the_same(server, *line, *its_backend);
        server.follow(line, its_backend);
        knows ? ++reloaded_.unchanged : ++reloaded_.judged_anew;
        if (!knows) {
            server.forget();
            server.decided = decide(server.axes());
            server.last_change = now_;
        }
        routing::ServerRow& row = state_.rows.servers[routing::index_of(id)];
        routing::ServerRow before = std::exchange(row, fresh);
        row.backend = backends_[backend];
        row.shared = std::move(before.shared);
        row.addresses = std::move(before.addresses);
        row.cut_before = before.cut_before;
        row.killed_before = before.killed_before;
        row.accepts = before.accepts;
        row.cause = before.cause;
        return id;
    }

    static bool asks_the_same(const ServerState& before, const config::Server& line,
                              const config::Backend& backend) {
        if (before.config->check != line.check) return false;
        if (!line.check) return before.config->agent.enabled == line.agent.enabled;
        ServerState now(std::shared_ptr<const config::Server>(std::shared_ptr<void>(), &line),
                        std::shared_ptr<const config::Backend>(std::shared_ptr<void>(), &backend));
        now.admin = before.admin;
        return wants_the_same(before.line_with_orders(), *before.backend, now.line_with_orders(),
                              backend);
    }

    ServerId add(const std::shared_ptr<const config::Server>& line, std::size_t backend,
                 const routing::ServerRow& fresh) {
        const auto id = static_cast<ServerId>(state_.servers.size());
        const auto& its_backend = state_.backend_configs[routing::index_of(backends_[backend])];
        ServerState& server = state_.servers.emplace_back(line, its_backend);
        server.last_change = now_;
        // Its name may be that of one that is elsewhere now.
        for (std::size_t i = 0; i < stays_.size(); ++i) {
            const ServerState& other = state_.servers[i];
            if (!other.removed && other.backend->name == its_backend->name &&
                other.config->name == line->name)
                server.admin = kept(other.admin, *other.config, *line);
        }
        server.decided = decide(server.axes());
        routing::ServerRow& row = state_.rows.servers.emplace_back(fresh);
        row.backend = backends_[backend];
        ++reloaded_.judged_anew;
        return id;
    }

    void retire_servers() {
        for (std::size_t i = 0; i < stays_.size(); ++i) {
            ServerState& server = state_.servers[i];
            if (stays_[i] || std::exchange(server.removed, true)) continue;
            server.removed_at = now_;
            server.decided = decide(server.axes());
            reloaded_.removed.push_back(static_cast<ServerId>(i));
        }
    }

    void settle_backends(routing::RoutingTable& fresh) {
        for (routing::BackendRow& row : state_.rows.backends) {
            row.retired = true;
            row.servers.clear();
            row.rules.reset();
        }
        for (std::size_t i = 0; i < backends_.size(); ++i) {
            routing::BackendRow& row = state_.rows.backends[routing::index_of(backends_[i])];
            fresh.backends[i].shared = row.shared;
            row = std::move(fresh.backends[i]);
            row.servers = std::move(members_[i]);
            for (const ServerId id : row.servers)
                state_.rows.servers[routing::index_of(id)].pace.backend = row.shared;
        }
    }

    void settle_frontends(routing::RoutingTable& fresh) {
        for (routing::FrontendRow& row : state_.rows.frontends)
            row.retired = true;
        for (routing::FrontendRow& front : fresh.frontends) {
            front.backend = backends_[routing::index_of(front.backend)];
            const auto found = find_row(state_.rows.frontends, front.name);
            if (!found) {
                state_.rows.frontends.push_back(std::move(front));
                state_.frontends.emplace_back();
                continue;
            }
            routing::FrontendRow& row = state_.rows.frontends[*found];
            FrontendAdmin& admin = state_.frontends[*found];
            // `shutdown frontend` ends with a reload, as it does with a restart.
            if (admin.mode == FrontendAdmin::Mode::stopped) admin.mode = FrontendAdmin::Mode::open;
            front.shared = row.shared;
            front.listens = admin.mode == FrontendAdmin::Mode::open;
            if (admin.maxconn) front.limit = *admin.maxconn;
            row = std::move(front);
        }
    }

    // Unchanged questions are asked on in their turn, the others at once.
    void ask() {
        for (std::size_t i = 0; i < state_.servers.size(); ++i) {
            ServerState& server = state_.servers[i];
            const auto id = static_cast<ServerId>(i);
            const auto before = server.question;
            const auto agent_before = server.agent_question;
            const TimePoint due = server.next_due;
            const TimePoint agent_due = server.agent_due;
            state_.leave(server.question, id);
            state_.leave(server.agent_question, id);
            if (server.asked()) state_.add_question(id, now_);
            if (server.agent_asked()) state_.add_agent(id, now_);
            if (server.question) server.next_due = server.question == before ? due : now_;
            if (server.agent_question)
                server.agent_due = server.agent_question == agent_before ? agent_due : now_;
        }
    }

    State& state_;
    const std::shared_ptr<const config::Config> config_;
    const TimePoint now_;
    std::vector<BackendId> backends_;             // by place in the file
    std::vector<std::vector<ServerId>> members_;  // likewise
    std::vector<bool> stays_;                     // by ServerId, of those before
    Reloaded reloaded_;
};

Reloaded Cluster::reload(std::shared_ptr<const config::Config> config, TimePoint now) {
    Reloaded reloaded = Reload(*state_, std::move(config), now).run();
    reloaded.changes = advance(now);
    return reloaded;
}

std::vector<routing::ServerId> Cluster::servers() const {
    std::vector<routing::ServerId> ids;
    for (std::size_t i = 0; i < state_->servers.size(); ++i)
        if (!state_->servers[i].removed) ids.push_back(static_cast<routing::ServerId>(i));
    return ids;
}

std::optional<TimePoint> Cluster::removed_at(routing::ServerId id) const {
    const ServerState& server = state_->at(id);
    return server.removed ? std::optional(server.removed_at) : std::nullopt;
}

}  // namespace pgsteer::health
