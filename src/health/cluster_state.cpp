#include "health/cluster_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "health/build.h"

namespace pgsteer::health {
namespace {

constexpr milliseconds first_ask_within{50};

// News whenever it comes; only rise and fall wait for their turn.
void hear(ServerState& server, const Observation& observation, const Judgement& judgement) {
    server.heard = !std::holds_alternative<Failure>(observation.outcome);
    if (!server.heard) return;
    server.node = judgement.node;
    // Who answers and tells nothing of the node is another kind of answerer: a script.
    if (!server.node || server.node->role != Role::unknown) server.vote = server.node;
}

// Is the watcher certain? Of a role, and of a server that is gone. Who is silent may be slow, and
// who refuses us may serve others: that counts as any failed check does.
bool certain(const Observation& observation, const Judgement& judgement) {
    return observation.watched && judgement.node &&
           (judgement.node->role != Role::unknown || judgement.node->doubt == Doubt::gone);
}

// An agent whose line has no word that we know is a failed check, as in HAProxy.
Judgement judge_agent(const Judge& judge, const Observation& observation) {
    const auto* const line = std::get_if<AgentLine>(&observation.outcome);
    if (line == nullptr) return judge.judge(observation);
    Judgement judgement =
        judge.judge({observation.at, observation.latency, Connected{}, false, false});
    const AgentReply reply = read_agent_reply(line->text);
    const bool fine = line->ended && reply.error.empty() && reply.up.value_or(true);
    const auto status = fine          ? config::CheckStatus::l7_ok
                        : line->ended ? config::CheckStatus::l7_wrong
                                      : config::CheckStatus::l7_invalid;
    judgement.passed = fine;
    judgement.word = config::word(status);
    judgement.words = config::words(status);
    judgement.info = line->text;
    return judgement;
}

}  // namespace

Cluster::State::State(const std::shared_ptr<const config::Config>& config,
                      const ClusterOptions& options)
    : jitter(options.jitter),
      spread(config->global.check_spread),
      elections(config->backends.size()),
      backends(config->backends.size()),
      rows(first_rows(*config, options.workers)),
      workers(options.workers),
      node(config->global.node.value_or("")),
      limit_of_file(rows.limit) {
    frontends.resize(rows.frontends.size());
    for (const config::Backend& backend : config->backends)
        backend_configs.emplace_back(config, &backend);
    for (BackendHealth& backend : backends)
        backend.last_change = options.now;
}

// The question, asked anew or as somebody else does already.
QuestionId Cluster::State::join(Question wanted, routing::ServerId id, TimePoint now) {
    const std::string place = fmt::format("{}:{}", wanted.host, number(wanted.port));
    const auto [first, last] = by_place.equal_range(place);
    // What `http-check send-state` tells is about one server: it shares its question with nobody.
    const auto found = std::find_if(first, last, [&](const auto& one) {
        const Question& known = questions[one.second];
        return same_question(known, wanted) && (!wanted.check.send_state || known.servers.empty());
    });
    std::size_t index = questions.size();
    if (found != last) {
        index = found->second;
        questions[index].tls = wanted.tls;  // its files may have been read anew
    } else {
        Asked& fresh = asked.emplace_back();
        fresh.first_due = now + std::chrono::duration_cast<Duration>(first_ask_within * jitter());
        fresh.first_gap = 1 - jitter();
        by_place.emplace(place, index);
        questions.push_back(std::move(wanted));
    }
    questions[index].servers.push_back(id);
    return static_cast<QuestionId>(index);
}

void Cluster::State::add_question(routing::ServerId id, TimePoint now) {
    ServerState& server = at(id);
    server.question = join(question_for(server.line_with_orders(), *server.backend), id, now);
    server.next_due = asked[static_cast<std::size_t>(*server.question)].first_due;
}

void Cluster::State::add_agent(routing::ServerId id, TimePoint now) {
    ServerState& server = at(id);
    server.agent_question =
        join(agent_question_for(server.line_with_orders(), *server.backend), id, now);
    server.agent_due = asked[static_cast<std::size_t>(*server.agent_question)].first_due;
}

void Cluster::State::follow_tracked() {
    std::map<std::string, std::vector<ServerState*>> followers;
    for (ServerState& server : servers) {
        server.tracked = nullptr;
        if (!server.config->track.empty()) followers[server.config->track].push_back(&server);
    }
    if (followers.empty()) return;
    for (const ServerState& other : servers) {
        const auto found = followers.find(other.backend->name + "/" + other.config->name);
        if (found == followers.end() || other.removed) continue;
        for (ServerState* const server : found->second)
            server->tracked = &other;
    }
}

void Cluster::State::take_agent(routing::ServerId id, const Asked& question,
                                const Observation& observation, std::vector<Change>& changes) {
    ServerState& server = at(id);
    if (!server.agent_asked()) return;
    const std::string word_before =
        std::exchange(server.last_agent, judge_agent(server.judge, observation)).word;
    server.agent_latency = observation.latency;
    server.agent_due = after(observation.at, drifted(server.agent_interval(), question, spread));
    const auto* const line = std::get_if<AgentLine>(&observation.outcome);
    const AgentOrders before = server.agent;
    if (line != nullptr && line->ended) server.agent.take(read_agent_reply(line->text));
    dirty = dirty || server.agent != before;
    server.moved_by_agent = server.agent.down != before.down;
    const bool news = word_before != server.last_agent.word || before.down != server.agent.down;
    if (server.backend->log_health_checks && news)
        changes.push_back({Change::Kind::check, id, agent_line(server), !server.agent.down});
}

void Cluster::State::observe_error(routing::ServerId id, TimePoint now,
                                   std::vector<Change>& changes) {
    ServerState& server = at(id);
    const config::Observe& observe = server.config->observe;
    if (!observe.connects) return;
    const auto succeeded = rows.at(id).shared->total(&routing::Traffic::sessions);
    if (std::exchange(server.sessions_then, succeeded) != succeeded) server.observed_errors = 0;
    if (++server.observed_errors < observe.limit) return;
    const std::uint32_t errors = std::exchange(server.observed_errors, 0);
    server.next_due = std::min(server.next_due, after(now, server.rise_fall.fast_interval()));
    if (!server.rise_fall.take_error(observe.action)) return;
    ++server.checks_failed;
    server.last = {};
    server.last.word = "HANA";
    server.last.words = "Health analyze";
    server.last.tells_info = true;
    server.last.info = fmt::format(
        "Detected {} consecutive errors, last one was: L4 unsuccessful connection.", errors);
    if (server.backend->log_health_checks)
        changes.push_back({Change::Kind::check, id, check_line(server), false});
}

void Cluster::State::take(routing::ServerId id, const Asked& question,
                          const Observation& observation, std::vector<Change>& changes) {
    ServerState& server = at(id);
    Judgement judgement =
        server.judge.judge(observation, server.rise_fall.verdict() == Verdict::up);
    if (observation.postgres_answers && server.may_be_vouched_for()) {
        server.last_check = observation.at;
        server.next_due = next_turn(server, question, spread, observation.at);
        if (!std::exchange(server.vouched_for, true) && server.decided.accepts)
            changes.push_back({Change::Kind::check, id, vouched_line(server, judgement)});
        return;
    }
    server.vouched_for = false;
    hear(server, observation, judgement);
    if (server.vote) remember(*server.vote, histories);
    const bool sure = certain(observation, judgement);
    if (!sure && !takes(server, question, observation.at, judgement.passed)) return;
    const bool other_word = judgement.word != server.last.word;
    server.last = std::move(judgement);
    server.latency = observation.latency;
    server.last_check = observation.at;
    const bool moved = sure ? server.rise_fall.settle(server.last.passed)
                            : server.rise_fall.take(server.last.passed);
    if (moved && !server.last.passed) ++server.checks_failed;
    server.next_due = next_turn(server, question, spread, observation.at);
    if (server.backend->log_health_checks && (moved || other_word))
        changes.push_back({Change::Kind::check, id, check_line(server), server.last.passed});
}

void Cluster::State::settle(TimePoint now, std::vector<Change>& changes) {
    for (std::size_t i = 0; i < elections.size(); ++i)
        hold_election(static_cast<routing::BackendId>(i), now);
    std::vector<Decision> decisions;
    for (ServerState& server : servers) {
        weigh_lag(server);
        decisions.push_back(std::exchange(server.decided, decide(server.axes())));
    }
    count_backends(now);
    // All have decided before any line is written: the lines count who is left.
    for (std::size_t i = 0; i < servers.size(); ++i)
        if (decisions[i] != servers[i].decided)
            follow(static_cast<routing::ServerId>(i), decisions[i], now, changes);
    for (ServerState& server : servers) {
        rise_slowly(server, now);
        server.moved_by_agent = false;
    }
}

void Cluster::State::hold_election(routing::BackendId id, TimePoint now) {
    const std::vector<routing::ServerId>& members = rows.at(id).servers;
    std::vector<Candidate> candidates;
    for (const routing::ServerId server : members)
        candidates.push_back(at(server).candidate());
    Election& election = elections[routing::index_of(id)];
    const std::vector<Standing> standings = election.hold(candidates, histories, now);
    for (std::size_t i = 0; i < members.size(); ++i) {
        ServerState& server = at(members[i]);
        server.standing = standings[i];
        server.standing_words =
            server.vote && standings[i] != Standing::free
                ? election.explain(standings[i], *server.vote, histories, server.tells())
                : "";
    }
}

void Cluster::State::weigh_lag(ServerState& server) {
    server.lag = server.vote ? lag_of(*server.vote, histories) : Lag{};
    const std::uint32_t share = share_of(server.lag, server.backend->max_lag);
    if (share == server.share) return;
    server.share = share;
    dirty = true;
}

// What a changed decision brings with it.
void Cluster::State::follow(routing::ServerId id, const Decision& before, TimePoint now,
                            std::vector<Change>& changes) {
    ServerState& server = at(id);
    const Decision& decision = server.decided;
    dirty = true;
    if (!before.accepts && routing::is_down(before.cause))
        server.downtime += now - server.last_change;
    server.last_change = now;
    if (decision.accepts) server.may_be_cut = true;
    begin_rise(server, now);
    if (decision.accepts && !before.accepts) cut_backups(server);
    if (before.accepts && !decision.accepts) ++server.times_down;
    // The table that carries this decision is the next one made. A server may stop accepting first
    // (silent) and be cut later (down).
    if (decision.cut && std::exchange(server.may_be_cut, false))
        server.cut_before = rows.version + 1;
    if (decision.cause == routing::Cause::election_open && !before.accepts) return;
    const ProxyCount counted = count(id);
    const bool is_ordered =
        decision.cause == routing::Cause::maintenance || decision.cause == routing::Cause::draining;
    changes.push_back({Change::Kind::state, id, state_line(server, decision.accepts, counted),
                       decision.accepts, decision.cause,
                       routing::is_down(decision.cause) && !is_ordered,
                       state_gist(server, decision.accepts)});
    // Not while a verdict is missing: that would cry wolf at every start.
    if (!decision.accepts && counted.active + counted.backup == 0 && !counted.any_unjudged)
        changes.push_back(
            {Change::Kind::last_server_gone, id, no_server_line(*server.backend), false});
}

// As in HAProxy, not at start: only who was seen DOWN comes back slowly.
void Cluster::State::begin_rise(ServerState& server, TimePoint now) {
    using routing::Cause;
    const Decision& decision = server.decided;
    if (!decision.accepts) {
        server.rising.reset();
        const bool unknown =
            decision.cause == Cause::never_judged || decision.cause == Cause::election_open;
        if (!unknown && routing::is_down(decision.cause)) server.has_failed = true;
    } else if (std::exchange(server.has_failed, false) && server.config->slow_start.count() > 0) {
        server.rising = now;
    }
}

void Cluster::State::rise_slowly(ServerState& server, TimePoint now) {
    Ramp ramp;
    if (server.rising) {
        const Duration risen = now - *server.rising;
        ramp = ramp_at(risen, server.config->slow_start);
        server.next_step = after(*server.rising, std::chrono::floor<seconds>(risen) + seconds(1));
        if (ramp == Ramp{}) server.rising.reset();
    }
    if (std::exchange(server.ramp, ramp) != ramp) dirty = true;
}

// `on-marked-up shutdown-backup-sessions`
void Cluster::State::cut_backups(const ServerState& risen) {
    if (!risen.config->cut_backups_when_up || risen.config->backup || risen.weight() == 0) return;
    for (ServerState& other : servers)
        if (other.backend == risen.backend && other.config->backup && other.may_be_cut) {
            other.superseded_before = rows.version + 1;
            dirty = true;
        }
}

void Cluster::State::count_backends(TimePoint now) {
    for (std::size_t i = 0; i < backends.size(); ++i) {
        const auto& members = rows.backends[i].servers;
        const bool up = std::any_of(members.begin(), members.end(), [this](routing::ServerId id) {
            return at(id).decided.accepts;
        });
        BackendHealth& backend = backends[i];
        if (up == backend.up) continue;
        if (up)
            backend.downtime += now - backend.last_change;
        else
            ++backend.times_down;
        backend.up = up;
        backend.last_change = now;
    }
}

ProxyCount Cluster::State::count(routing::ServerId id) const {
    ProxyCount count;
    const ServerState& server = servers[routing::index_of(id)];
    for (const ServerState& other : servers) {
        if (other.backend != server.backend) continue;
        if (other.decided.accepts) ++(other.config->backup ? count.backup : count.active);
        if (other.decided.cause == routing::Cause::never_judged) count.any_unjudged = true;
    }
    const routing::ServerRow& row = rows.at(id);
    count.sessions = row.shared->slots.taken();
    count.waiting = rows.at(row.backend).shared->total(&routing::Traffic::waiting);
    return count;
}

}  // namespace pgsteer::health
