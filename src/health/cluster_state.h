// The inside of Cluster: its servers and questions, and how evidence becomes decisions. Pure; only
// for cluster.cpp and its tests' includes through it. Control thread.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "health/change_line.h"
#include "health/cluster.h"
#include "health/election.h"
#include "health/schedule.h"
#include "health/server_state.h"

namespace pgsteer::health {

// First verdicts take one check each. What needs longer (a name that does not resolve) holds no
// client back any more.
inline constexpr seconds longest_first_verdict{10};

struct Cluster::State {
    State(const std::shared_ptr<const config::Config>& config, const ClusterOptions& options);

    ServerState& at(routing::ServerId id) { return servers[routing::index_of(id)]; }
    void add_question(routing::ServerId id, TimePoint now);
    void add_agent(routing::ServerId id, TimePoint now);
    // Puts the server's questions right after an operator or a removal changed what it asks.
    void ask_anew(routing::ServerId id, TimePoint now);
    void follow_tracked();

    // One observation for one of the servers that wanted it.
    void take(routing::ServerId id, const Asked& question, const Observation& observation,
              std::vector<Change>& changes);
    // After anything was taken: elections, lags, and what each changed decision brings with it.
    void settle(TimePoint now, std::vector<Change>& changes);
    // What its agent said; nothing, when it could not be asked, changes nothing.
    void take_agent(routing::ServerId id, const Asked& question, const Observation& observation,
                    std::vector<Change>& changes);
    // `observe`: a connect of a session failed.
    void observe_error(routing::ServerId id, TimePoint now, std::vector<Change>& changes);
    ProxyCount count(routing::ServerId id) const;
    std::uint32_t free_number(routing::BackendId backend) const;

    std::function<double()> jitter;
    config::CheckSpread spread;
    // By ServerId; servers that track others point into it, so none may move.
    std::deque<ServerState> servers;
    std::vector<Question> questions;                             // by QuestionId
    std::vector<Asked> asked;                                    // by QuestionId
    std::unordered_multimap<std::string, std::size_t> by_place;  // HOST:PORT to number
    Histories histories;
    std::vector<Election> elections;       // by BackendId
    std::vector<BackendHealth> backends;   // by BackendId
    std::vector<FrontendAdmin> frontends;  // by FrontendId
    routing::RoutingTable rows;            // the next table, but for its version
    std::shared_ptr<const routing::RoutingTable> published;
    std::size_t workers;
    std::string node;  // of the global section; empty: this machine's name
    std::vector<std::shared_ptr<const config::Backend>> backend_configs;  // by BackendId
    std::uint32_t limit_of_file = 0;
    bool reshaped = false;  // rows came, went or got other limits
    bool dirty = true;      // something the table shows may have changed since it was published

    void leave(std::optional<QuestionId>& question, routing::ServerId id);

  private:
    QuestionId join(Question wanted, routing::ServerId id, TimePoint now);
    void hold_election(routing::BackendId id, TimePoint now);
    void weigh_lag(ServerState& server);
    void rise_slowly(ServerState& server, TimePoint now);
    void begin_rise(ServerState& server, TimePoint now);
    void cut_backups(const ServerState& risen);
    void count_backends(TimePoint now);
    void follow(routing::ServerId id, const Decision& now_decided, TimePoint now,
                std::vector<Change>& changes);
};

}  // namespace pgsteer::health
