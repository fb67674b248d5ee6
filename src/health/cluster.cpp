#include "health/cluster.h"

#include <fmt/format.h>

#include <algorithm>

#include "health/build.h"
#include "health/server_state.h"

namespace pgsteer::health {
namespace {

constexpr milliseconds first_ask_within{50};
// Evidence makes a question due at once, but no more often than this.
constexpr milliseconds evidence_spacing{100};
// A server takes an answer that comes this much before its own turn.
constexpr milliseconds slack{50};

Question question_for(const config::Server& server, const config::Backend& backend) {
    Question question;
    question.host = server.check_address.value_or(server.endpoint.host);
    question.port = server.check_port.value_or(server.endpoint.port);
    // A check port means TCP even where the sessions go over a unix socket.
    if (!server.check_port && !server.check_address)
        question.unix_socket = server.endpoint.unix_socket;
    question.check = backend.check;
    using Kind = config::Expect::Kind;
    // The probe reads the body only for who wants it; the rules themselves belong to who asks.
    std::erase_if(question.check.expects, [](const config::Expect& expect) {
        return expect.kind == Kind::status || expect.kind == Kind::rstatus;
    });
    const milliseconds inter = std::max(server.inter, milliseconds{1});
    const milliseconds connect =
        backend.connect_timeout.count() > 0 ? std::min(backend.connect_timeout, inter) : inter;
    question.connect_timeout = connect;
    question.answer_timeout = backend.check_timeout.count() > 0 ? backend.check_timeout : inter;
    return question;
}

bool same_headers(const std::vector<config::Header>& a, const std::vector<config::Header>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
        return x.name == y.name && x.value == y.value;
    });
}

bool same_question(const Question& a, const Question& b) {
    return a.host == b.host && a.port == b.port && a.unix_socket == b.unix_socket &&
           a.connect_timeout == b.connect_timeout && a.answer_timeout == b.answer_timeout &&
           a.check.kind == b.check.kind && a.check.method == b.check.method &&
           a.check.uri == b.check.uri && a.check.version == b.check.version &&
           a.check.body == b.check.body && same_headers(a.check.headers, b.check.headers) &&
           a.check.expects.empty() == b.check.expects.empty();
}

struct Asked {
    bool under_way = false;
    bool by_evidence = false;  // the ask under way was brought on by a failed connect
    bool evidence = false;     // the next one is
    TimePoint last_asked = TimePoint::min();
    TimePoint first_due = TimePoint::min();
};

}  // namespace

struct Cluster::State {
    State(const config::Config& config, const ClusterOptions& options)
        : jitter(options.jitter), rows(first_rows(config, options.workers)) {}

    std::function<double()> jitter;
    std::vector<ServerState> servers;
    std::vector<Question> questions;
    std::vector<Asked> asked;
    routing::RoutingTable rows;
    std::shared_ptr<const routing::RoutingTable> published;
    bool dirty = true;

    void add_question(routing::ServerId id, TimePoint now);
    bool consume(routing::ServerId id, const Observation& observation, bool evidence,
                 std::vector<Change>& changes);
    void schedule_next(ServerState& server, TimePoint now);
    Change change_of(routing::ServerId id, bool up) const;
};

Cluster::Cluster(const config::Config& config, const ClusterOptions& options)
    : state_(std::make_unique<State>(config, options)) {
    for (const config::Backend& backend : config.backends)
        for (const config::Server& server : backend.servers) {
            state_->servers.emplace_back(server, backend);
            state_->servers.back().last_change = options.now;
        }
    for (std::size_t i = 0; i < state_->servers.size(); ++i)
        if (state_->servers[i].config->check)
            state_->add_question(static_cast<routing::ServerId>(i), options.now);
}

Cluster::~Cluster() = default;

void Cluster::State::add_question(routing::ServerId id, TimePoint now) {
    ServerState& server = servers[routing::index_of(id)];
    Question wanted = question_for(*server.config, *server.backend);
    auto found = std::find_if(questions.begin(), questions.end(),
                              [&](const Question& q) { return same_question(q, wanted); });
    if (found == questions.end()) {
        questions.push_back(std::move(wanted));
        asked.emplace_back();
        asked.back().first_due =
            now + std::chrono::duration_cast<Duration>(first_ask_within * jitter());
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
    const Asked& asked = state_->asked[index];
    if (asked.under_way) return never;
    TimePoint due = never;
    for (const routing::ServerId server : state_->questions[index].servers)
        due = std::min(due, state_->servers[routing::index_of(server)].next_due);
    if (asked.evidence) {
        const bool asked_before = asked.last_asked != TimePoint::min();
        due = std::min(due, asked_before ? asked.last_asked + evidence_spacing : due);
    }
    return due;
}

void Cluster::asking(QuestionId id, TimePoint now) {
    Asked& asked = state_->asked[static_cast<std::size_t>(id)];
    asked.under_way = true;
    asked.by_evidence = std::exchange(asked.evidence, false);
    asked.last_asked = now;
}

std::vector<Change> Cluster::observe(QuestionId id, const Observation& observation) {
    const auto index = static_cast<std::size_t>(id);
    Asked& asked = state_->asked[index];
    asked.under_way = false;
    std::vector<Change> changes;
    for (const routing::ServerId server : state_->questions[index].servers)
        state_->consume(server, observation, asked.by_evidence, changes);
    return changes;
}

// An answer is taken by those whose turn it is, and by those never judged; a failing one that
// evidence brought on is taken by all: the data path has said already that something is wrong.
bool Cluster::State::consume(routing::ServerId id, const Observation& observation, bool evidence,
                             std::vector<Change>& changes) {
    ServerState& server = servers[routing::index_of(id)];
    const Verdict before = server.rise_fall.verdict();
    Judgement judgement = server.judge.judge(observation);
    const bool due = server.next_due <= observation.at + slack;
    if (!due && before != Verdict::never_judged && !(evidence && !judgement.passed)) return false;
    server.rise_fall.take(judgement.passed);
    server.has_check_result = true;
    server.latency = observation.latency;
    server.last_check = observation.at;
    if (!judgement.passed) ++server.checks_failed;
    server.last = std::move(judgement);
    schedule_next(server, observation.at);
    const Verdict now = server.rise_fall.verdict();
    if (now == before) return true;
    dirty = true;
    server.last_change = observation.at;
    if (now == Verdict::down) {
        if (before == Verdict::up) ++server.times_down;
        // The table that carries this verdict is the next one published.
        if (before == Verdict::up && server.config->cut_when_down)
            server.cut_before = rows.version + 1;
    }
    changes.push_back(change_of(id, now == Verdict::up));
    return true;
}

// After the first answer one gap is drawn from (0, interval], so that the checks of many nodes
// spread.
void Cluster::State::schedule_next(ServerState& server, TimePoint now) {
    const milliseconds interval = server.rise_fall.interval();
    Duration gap = interval;
    if (!server.spread) {
        server.spread = true;
        gap = std::max<Duration>(std::chrono::duration_cast<Duration>(interval * jitter()),
                                 milliseconds{1});
    }
    server.next_due = now + gap;
}

Change Cluster::State::change_of(routing::ServerId id, bool up) const {
    const ServerState& server = servers[routing::index_of(id)];
    unsigned active = 0;
    unsigned backup = 0;
    for (const ServerState& other : servers)
        if (other.backend == server.backend && decide(other).accepts)
            ++(other.config->backup ? backup : active);
    const auto ms = std::chrono::duration_cast<milliseconds>(server.latency).count();
    std::string reason = server.last.words;
    if (server.last.code > 0) reason += fmt::format(", code: {}", server.last.code);
    if (!server.last.info.empty()) reason += fmt::format(", info: \"{}\"", server.last.info);
    std::string tail;
    if (up) {
        tail = fmt::format(
            "{} active and {} backup servers online. 0 sessions requeued, 0 total in queue.",
            active, backup);
    } else {
        const auto sessions = rows.at(id).shared->slots.taken();
        tail = fmt::format(
            "{} active and {} backup servers left. {} sessions active, 0 requeued, 0 remaining in "
            "queue.",
            active, backup, sessions);
        if (active + backup == 0)
            tail += fmt::format(" Proxy {} has no server available!", server.backend->name);
    }
    return {id,
            fmt::format("{}Server {}/{} is {}, reason: {}, check duration: {}ms. {}",
                        server.config->backup ? "Backup " : "", server.backend->name,
                        server.config->name, up ? "UP" : "DOWN", reason, ms, tail),
            up};
}

void Cluster::connect_failed(routing::ServerId id, TimePoint) {
    const ServerState& server = state_->servers[routing::index_of(id)];
    if (server.question) state_->asked[static_cast<std::size_t>(*server.question)].evidence = true;
}

const config::Server& Cluster::server_config(routing::ServerId id) const {
    return *state_->servers[routing::index_of(id)].config;
}

void Cluster::set_addresses(routing::ServerId id, std::vector<Address> addresses) {
    ServerState& server = state_->servers[routing::index_of(id)];
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
    const ServerState& server = state_->servers[routing::index_of(id)];
    ServerView view;
    view.proxy = server.backend->name;
    view.name = server.config->name;
    view.state = server.config->disabled ? "MAINT"
                 : server.config->check  ? server.rise_fall.text()
                                         : "no check";
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
