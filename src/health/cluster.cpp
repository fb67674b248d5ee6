#include "health/cluster.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "health/build.h"
#include "health/cluster_state.h"

namespace pgsteer::health {
namespace {

// A refused connect tells at once that nobody listens there; other failures may be the network's,
// and count when there are this many within the time.
constexpr std::uint32_t telling_failures = 3;
constexpr seconds telling_time{10};

bool is_agent(const Question& question) {
    return question.check.kind == config::Check::Kind::agent;
}

void tell_administration(const ServerState& server, ServerView& view) {
    view.admin = server.admin;
    view.maintenance = server.decided.cause == routing::Cause::maintenance;
    view.draining = server.axes().draining;
    view.tracked = server.config->track;
    view.user_weight = server.weight();
    view.first_weight = server.config->weight;
    view.checked = server.config->check && !server.admin.checks_paused;
    view.judged = server.rise_fall.verdict() != Verdict::never_judged;
    view.check_words = server.last.words;
    view.rise = server.rise_fall.rise();
    view.fall = server.rise_fall.fall();
    view.health = server.rise_fall.health();
    view.agent_checked = server.config->agent.enabled && !server.admin.agent_paused;
    view.agent_down = server.agent.down;
    view.agent_word = server.last_agent.word;
    view.agent_words = server.last_agent.words;
    view.agent_text = server.last_agent.info;
    view.agent_code = server.last_agent.code;
    view.agent_latency = server.agent_latency;
}

}  // namespace

Cluster::Cluster(const config::Config& config, const ClusterOptions& options)
    : Cluster(std::shared_ptr<const config::Config>(std::shared_ptr<void>(), &config), options) {}

Cluster::Cluster(std::shared_ptr<const config::Config> config, const ClusterOptions& options)
    : state_(std::make_unique<State>(config, options)) {
    state_->rows.settled_by = after(options.now, longest_first_verdict);
    for (const config::Backend& backend : config->backends)
        for (const config::Server& server : backend.servers) {
            state_->servers.emplace_back(std::shared_ptr<const config::Server>(config, &server),
                                         std::shared_ptr<const config::Backend>(config, &backend));
            state_->servers.back().last_change = options.now;
            state_->servers.back().number =
                static_cast<std::uint32_t>(&server - backend.servers.data()) + 1;
        }
    state_->follow_tracked();
    for (std::size_t i = 0; i < state_->servers.size(); ++i) {
        const ServerState& server = state_->servers[i];
        const auto id = static_cast<routing::ServerId>(i);
        if (server.asked()) state_->add_question(id, options.now);
        if (server.agent_asked()) state_->add_agent(id, options.now);
    }
    advance(options.now);
}

Cluster::~Cluster() = default;

const std::vector<Question>& Cluster::questions() const {
    return state_->questions;
}

TimePoint Cluster::next_due(QuestionId id) const {
    const auto index = static_cast<std::size_t>(id);
    TimePoint first = never;
    const Question& question = state_->questions[index];
    for (const routing::ServerId id_of_server : question.servers) {
        const ServerState& server = state_->at(id_of_server);
        if (is_agent(question) ? server.agent_asked() : server.asked())
            first = std::min(first, is_agent(question) ? server.agent_due : server.next_due);
    }
    return due(state_->asked[index], first);
}

void Cluster::asking(QuestionId id, TimePoint now) {
    Asked& asked = state_->asked[static_cast<std::size_t>(id)];
    asked.under_way = true;
    asked.by_evidence = std::exchange(asked.evidence, false);
    asked.last = now;
}

void Cluster::asked_in_vain(QuestionId id) {
    Asked& asked = state_->asked[static_cast<std::size_t>(id)];
    asked.under_way = false;
    asked.evidence = true;
}

std::vector<Change> Cluster::observe(QuestionId id, const Observation& observation) {
    const auto index = static_cast<std::size_t>(id);
    Asked& asked = state_->asked[index];
    asked.under_way = false;
    asked.drift = 2 * state_->jitter() - 1;
    std::vector<Change> changes;
    for (const routing::ServerId server : state_->questions[index].servers)
        if (is_agent(state_->questions[index]))
            state_->take_agent(server, asked, observation, changes);
        else if (state_->at(server).asked())
            state_->take(server, asked, observation, changes);
    state_->settle(observation.at, changes);
    return changes;
}

std::optional<routing::ServerId> Cluster::second_witness(QuestionId id) const {
    const Question& question = state_->questions[static_cast<std::size_t>(id)];
    if (is_agent(question) || question.servers.empty()) return std::nullopt;
    const ServerState& first = state_->at(question.servers.front());
    const config::Endpoint& sessions = first.config->endpoint;
    if (question.host == first.config->home() && question.port == sessions.port)
        return std::nullopt;
    const bool all = std::all_of(
        question.servers.begin(), question.servers.end(), [&](const routing::ServerId server) {
            const ServerState& other = state_->at(server);
            return other.may_be_vouched_for() && other.config->home() == first.config->home() &&
                   other.config->endpoint.port == sessions.port;
        });
    return all ? std::optional(question.servers.front()) : std::nullopt;
}

void Cluster::suspect(QuestionId id) {
    state_->asked[static_cast<std::size_t>(id)].evidence = true;
}

std::vector<QuestionId> Cluster::questions_of(routing::BackendId id) const {
    std::vector<QuestionId> questions;
    for (const routing::ServerId server : state_->rows.at(id).servers)
        if (const auto question = state_->at(server).question) questions.push_back(*question);
    return questions;
}

// A worker could not connect. Two witnesses: the check may say fit all the same, but who cannot be
// connected to takes no sessions.
std::vector<Change> Cluster::connect_failed(routing::ServerId id, int error_number, TimePoint now,
                                            std::string words) {
    ServerState& server = state_->at(id);
    if (server.question) suspect(*server.question);
    if (server.failed_connects == 0 || now - server.first_failed_connect > telling_time) {
        server.failed_connects = 0;
        server.first_failed_connect = now;
    }
    ++server.failed_connects;
    server.connect_error = words.empty() ? ::strerror(error_number) : std::move(words);
    if (const Origin& origin = server.config->origin; origin.given())
        server.connect_error += " (" + origin.text() + ")";
    std::vector<Change> changes;
    state_->observe_error(id, now, changes);
    if (error_number == ECONNREFUSED || server.failed_connects >= telling_failures) {
        server.unreachable = true;
    }
    state_->settle(now, changes);
    return changes;
}

bool Cluster::unreachable(routing::ServerId id) const {
    return state_->at(id).unreachable;
}

std::vector<Change> Cluster::reached(routing::ServerId id, TimePoint now) {
    ServerState& server = state_->at(id);
    server.unreachable = false;
    server.failed_connects = 0;
    return advance(now);
}

std::vector<Change> Cluster::advance(TimePoint now) {
    std::vector<Change> changes;
    state_->settle(now, changes);
    return changes;
}

TimePoint Cluster::next_change() const {
    TimePoint first = never;
    for (const Election& election : state_->elections)
        first = std::min(first, election.next_change());
    for (const ServerState& server : state_->servers)
        if (server.rising) first = std::min(first, server.next_step);
    return first;
}

const config::Server& Cluster::server_config(routing::ServerId id) const {
    return *state_->at(id).config;
}

std::uint32_t Cluster::sessions_of(QuestionId id) const {
    const Question& question = state_->questions[static_cast<std::size_t>(id)];
    if (question.servers.empty()) return 0;
    return state_->rows.at(question.servers.front()).shared->slots.taken();
}

std::shared_ptr<const routing::RoutingTable> Cluster::table() {
    State& state = *state_;
    if (!state.dirty && !state.reshaped && state.published) return state.published;
    state.dirty = false;
    const bool reshaped = std::exchange(state.reshaped, false);
    const bool changed = apply_decisions(state.servers, state.rows, reshaped);
    if (!changed && state.published) return state.published;
    ++state.rows.version;
    state.published = std::make_shared<const routing::RoutingTable>(state.rows);
    return state.published;
}

ServerView Cluster::view(routing::ServerId id, TimePoint now) const {
    const ServerState& server = state_->at(id);
    ServerView view;
    view.proxy = server.backend->name;
    view.name = server.config->name;
    view.number = server.number;
    view.state = server.text();
    const bool stands = server.heard || server.vouched_for;
    view.role = !stands ? Role::unknown : server.node ? server.node->role : server.last.role;
    if (stands) view.node = server.node;
    view.lag = server.lag;
    view.why = server.vouched_for ? "its checks fail, but PostgreSQL itself takes connections"
               : server.lost()    ? ""
                                  : server.standing_words;
    view.check_word = server.last.word;
    view.check_code = server.last.code;
    view.check_text = server.last.info;
    view.check_latency = server.latency;
    view.last_check = server.last_check;
    view.last_change = server.last_change;
    view.checks_failed = server.checks_failed;
    view.times_down = server.times_down;
    view.downtime = server.downtime;
    if (!server.decided.accepts && routing::is_down(server.decided.cause))
        view.downtime += now - server.last_change;
    tell_administration(server, view);
    return view;
}

}  // namespace pgsteer::health
