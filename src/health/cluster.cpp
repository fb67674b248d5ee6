#include "health/cluster.h"

#include <algorithm>
#include <utility>

#include "health/build.h"
#include "health/change_line.h"
#include "health/schedule.h"
#include "health/server_state.h"

namespace pgsteer::health {
namespace {

constexpr milliseconds first_ask_within{50};

}  // namespace

struct Cluster::State {
    State(const config::Config& config, const ClusterOptions& options)
        : jitter(options.jitter), rows(first_rows(config, options.workers)) {}

    std::function<double()> jitter;
    std::vector<ServerState> servers;  // by ServerId
    std::vector<Question> questions;   // by QuestionId
    std::vector<Asked> asked;          // by QuestionId
    routing::RoutingTable rows;        // the next table, but for its version
    std::shared_ptr<const routing::RoutingTable> published;
    bool dirty = true;  // something the table shows may have changed since it was published

    ServerState& at(routing::ServerId id) { return servers[routing::index_of(id)]; }
    void add_question(routing::ServerId id, TimePoint now);
    void take(routing::ServerId id, const Asked& question, const Observation& observation,
              std::vector<Change>& changes);
    void follow(routing::ServerId id, const Decision& before, TimePoint now,
                std::vector<Change>& changes);
    Standing standing(routing::ServerId id) const;
};

Cluster::Cluster(const config::Config& config, const ClusterOptions& options)
    : state_(std::make_unique<State>(config, options)) {
    for (const config::Backend& backend : config.backends)
        for (const config::Server& server : backend.servers) {
            state_->servers.emplace_back(server, backend);
            state_->servers.back().last_change = options.now;
        }
    for (std::size_t i = 0; i < state_->servers.size(); ++i)
        if (state_->servers[i].asked())
            state_->add_question(static_cast<routing::ServerId>(i), options.now);
}

Cluster::~Cluster() = default;

void Cluster::State::add_question(routing::ServerId id, TimePoint now) {
    ServerState& server = at(id);
    Question wanted = question_for(*server.config, *server.backend);
    auto found = std::find_if(questions.begin(), questions.end(),
                              [&](const Question& q) { return same_question(q, wanted); });
    if (found == questions.end()) {
        Asked& fresh = asked.emplace_back();
        fresh.first_due = now + std::chrono::duration_cast<Duration>(first_ask_within * jitter());
        fresh.first_gap = 1 - jitter();
        questions.push_back(std::move(wanted));
        found = questions.end() - 1;
    }
    found->servers.push_back(id);
    const auto index = static_cast<std::size_t>(found - questions.begin());
    server.question = static_cast<QuestionId>(index);
    server.next_due = asked[index].first_due;
}

const std::vector<Question>& Cluster::questions() const {
    return state_->questions;
}

TimePoint Cluster::next_due(QuestionId id) const {
    const auto index = static_cast<std::size_t>(id);
    TimePoint first = never;
    for (const routing::ServerId server : state_->questions[index].servers)
        first = std::min(first, state_->at(server).next_due);
    return due(state_->asked[index], first);
}

void Cluster::asking(QuestionId id, TimePoint now) {
    Asked& asked = state_->asked[static_cast<std::size_t>(id)];
    asked.under_way = true;
    asked.by_evidence = std::exchange(asked.evidence, false);
    asked.last = now;
}

std::vector<Change> Cluster::observe(QuestionId id, const Observation& observation) {
    const auto index = static_cast<std::size_t>(id);
    Asked& asked = state_->asked[index];
    asked.under_way = false;
    std::vector<Change> changes;
    for (const routing::ServerId server : state_->questions[index].servers)
        state_->take(server, asked, observation, changes);
    return changes;
}

void Cluster::State::take(routing::ServerId id, const Asked& question,
                          const Observation& observation, std::vector<Change>& changes) {
    ServerState& server = at(id);
    Judgement judgement = server.judge.judge(observation);
    if (!takes(server, question, observation.at, judgement.passed)) return;
    const Decision before = decide(server.axes());
    const bool other_word = judgement.word != server.last.word;
    server.last = std::move(judgement);
    server.latency = observation.latency;
    server.last_check = observation.at;
    const bool moved = server.rise_fall.take(server.last.passed);
    if (moved && !server.last.passed) ++server.checks_failed;
    server.next_due = next_turn(server, question, observation.at);
    if (server.backend->log_health_checks && (moved || other_word))
        changes.push_back({Change::Kind::check, id, check_line(server), server.last.passed});
    follow(id, before, observation.at, changes);
}

// What a changed decision brings with it.
void Cluster::State::follow(routing::ServerId id, const Decision& before, TimePoint now,
                            std::vector<Change>& changes) {
    ServerState& server = at(id);
    const Decision decision = decide(server.axes());
    if (decision == before) return;
    dirty = true;
    server.last_change = now;
    if (before.accepts && !decision.accepts) {
        ++server.times_down;
        // The table that carries this decision is the next one made.
        if (decision.cut) server.cut_before = rows.version + 1;
    }
    const Standing now_standing = standing(id);
    changes.push_back({Change::Kind::state, id, state_line(server, decision.accepts, now_standing),
                       decision.accepts});
    // Not while a verdict is missing: that would cry wolf at every start.
    if (!decision.accepts && now_standing.active + now_standing.backup == 0 &&
        !now_standing.any_unjudged)
        changes.push_back(
            {Change::Kind::last_server_gone, id, no_server_line(*server.backend), false});
}

Standing Cluster::State::standing(routing::ServerId id) const {
    Standing standing;
    const ServerState& server = servers[routing::index_of(id)];
    for (const ServerState& other : servers) {
        if (other.backend != server.backend) continue;
        const Decision decision = decide(other.axes());
        if (decision.accepts) ++(other.config->backup ? standing.backup : standing.active);
        if (decision.cause == routing::Cause::never_judged) standing.any_unjudged = true;
    }
    const routing::ServerRow& row = rows.at(id);
    standing.sessions = row.shared->slots.taken();
    standing.waiting = rows.at(row.backend).shared->total(&routing::Traffic::waiting);
    return standing;
}

void Cluster::connect_failed(routing::ServerId id, TimePoint) {
    const ServerState& server = state_->at(id);
    if (server.question) state_->asked[static_cast<std::size_t>(*server.question)].evidence = true;
}

const config::Server& Cluster::server_config(routing::ServerId id) const {
    return *state_->at(id).config;
}

void Cluster::set_addresses(routing::ServerId id, std::vector<Address> addresses) {
    ServerState& server = state_->at(id);
    if (server.addresses == addresses) return;
    server.addresses = std::move(addresses);
    state_->dirty = true;
}

std::shared_ptr<const routing::RoutingTable> Cluster::table() {
    State& state = *state_;
    if (!state.dirty && state.published) return state.published;
    state.dirty = false;
    const bool changed = apply_decisions(state.servers, state.rows);
    if (!changed && state.published) return state.published;
    ++state.rows.version;
    state.published = std::make_shared<const routing::RoutingTable>(state.rows);
    return state.published;
}

ServerView Cluster::view(routing::ServerId id, TimePoint) const {
    const ServerState& server = state_->at(id);
    ServerView view;
    view.proxy = server.backend->name;
    view.name = server.config->name;
    view.state = server.text();
    view.role = server.last.role;
    view.check_word = server.last.word;
    view.check_code = server.last.code;
    view.check_text = server.last.info;
    view.check_latency = server.latency;
    view.last_check = server.last_check;
    view.last_change = server.last_change;
    view.checks_failed = server.checks_failed;
    view.times_down = server.times_down;
    return view;
}

}  // namespace pgsteer::health
