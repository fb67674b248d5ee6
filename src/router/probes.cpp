#include "router/probes.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "base/log.h"
#include "probe/door.h"
#include "probe/stream.h"

namespace asio = boost::asio;

using namespace asio::experimental::awaitable_operators;

namespace pgsteer::router {
namespace {

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);
// A role watcher of our own tells changes at once; positions are taken this often, as from agents.
constexpr milliseconds watcher_pause{250};
// An agent, or a watcher, that was told to hurry does so for this long (agent/agent.cpp).
constexpr seconds urgent_time{10};
// Between two tries to connect to an unreachable server; doubling.
constexpr milliseconds least_reach_pause{50};
constexpr milliseconds most_reach_pause{1000};
// A PostgreSQL server that takes longer to answer one byte is no witness.
constexpr milliseconds door_timeout{1000};

bool could_not_connect(const health::Observation& observation) {
    const auto* failure = std::get_if<health::Failure>(&observation.outcome);
    return failure != nullptr && (failure->kind == health::FailureKind::connect ||
                                  failure->kind == health::FailureKind::connect_timeout);
}

bool offers_stream(const health::Observation& observation) {
    const auto* answer = std::get_if<health::HttpAnswer>(&observation.outcome);
    return answer != nullptr && answer->offers_stream;
}

std::string node_name(const health::Question& question) {
    return question.unix_socket ? question.unix_socket->text()
                                : fmt::format("{}:{}", question.host, number(question.port));
}

// libpq's quoting of a value (PostgreSQL 15 manual, 34.1.1.1).
std::string quoted(const std::string& value) {
    std::string text = "'";
    for (const char c : value) {
        if (c == '\'' || c == '\\') text += '\\';
        text += c;
    }
    return text + "'";
}

// A name that name servers resolve is given with its addresses: libpq would ask the system. What
// follows the '@' is ours (config/naming.h).
std::string conninfo_of(const health::Question& question, const std::vector<Address>& addresses) {
    const config::RoleCheck& role = question.check.role;
    const auto at = question.host.find('@');
    const std::string host = question.host.substr(0, at);
    std::string hosts, literals;
    for (const Address& address : addresses) {
        hosts += (hosts.empty() ? "" : ",") + host;
        literals += (literals.empty() ? "" : ",") + address.host();
    }
    const Port port = addresses.empty() ? question.port : addresses.front().port();
    std::string text = fmt::format("host={} port={} user={} dbname={}",
                                   quoted(at == std::string::npos || hosts.empty() ? host : hosts),
                                   number(port), quoted(role.user), quoted(role.dbname));
    if (at != std::string::npos && !literals.empty()) text += " hostaddr=" + quoted(literals);
    if (!role.sslmode.empty()) text += " sslmode=" + quoted(role.sslmode);
    if (!role.passfile.empty()) text += " passfile=" + quoted(role.passfile);
    return text;
}

}  // namespace

Probes::Probes(ProbesParts parts) : parts_(std::move(parts)) {
    for (std::size_t i = 0; i < parts_.cluster.questions().size(); ++i)
        add_asker();
}

void Probes::add_asker() {
    askers_.emplace_back(std::make_unique<Asker>(parts_.io));
}

void Probes::start() {
    for (std::size_t i = 0; i < askers_.size(); ++i)
        start_asking(static_cast<health::QuestionId>(i));
}

void Probes::start_asking(health::QuestionId id) {
    asker(id).asks = true;
    if (question(id).check.kind == config::Check::Kind::role)
        parts_.start(watcher_loop(id));
    else
        parts_.start(probe_loop(id));
}

void Probes::follow_questions() {
    while (askers_.size() < parts_.cluster.questions().size())
        add_asker();
    for (std::size_t i = 0; i < askers_.size(); ++i) {
        const auto id = static_cast<health::QuestionId>(i);
        if (is_wanted(id)) {
            if (!askers_[i]->asks) start_asking(id);
        } else if (askers_[i]->asks) {
            askers_[i]->due.cancel();
            askers_[i]->leave.cancel();
        }
    }
    wake_due();
}

Task Probes::probe_loop(health::QuestionId id) {
    asio::steady_timer& timer = asker(id).due;
    while (is_wanted(id)) {
        const TimePoint due = parts_.cluster.next_due(id);
        if (due > Clock::now()) {
            timer.expires_at(due);
            // Cancelled when evidence made the question due earlier: look again.
            co_await timer.async_wait(quietly);
            continue;
        }
        parts_.cluster.asking(id, Clock::now());
        const Places places = places_of(question(id));
        health::Observation observation = co_await ask_now(id);
        if (places != places_of(question(id))) {
            parts_.cluster.asked_in_vain(id);
            continue;
        }
        if (std::holds_alternative<health::Failure>(observation.outcome))
            observation.postgres_answers = co_await postgres_answers(id);
        if (could_not_connect(observation))
            for (const health::Peer& peer : question(id).peers)
                parts_.ask_name_again(peer.host);
        observe(id, observation);
        if (offers_stream(observation)) co_await follow(id);
    }
    asker(id).asks = false;
}

asio::awaitable<bool> Probes::postgres_answers(health::QuestionId id) {
    const auto server = parts_.cluster.second_witness(id);
    if (!server) co_return false;
    const std::vector<Address> addresses = session_addresses(*server);
    if (addresses.empty()) co_return false;
    probe::Door door(parts_.io.get_executor());
    door.is_at(addresses.front(), parts_.cluster.origin(*server));
    co_return co_await door.knock(door_timeout) == probe::Door::Answer::some;
}

std::vector<Address> Probes::session_addresses(routing::ServerId server) const {
    return parts_.cluster.session_addresses(server);
}

asio::awaitable<health::Observation> Probes::ask_now(health::QuestionId id) {
    probe::Target target = target_of(question(id));
    target.program = question(id).program;
    target.current_sessions = parts_.cluster.sessions_of(id);
    target.server_state = parts_.cluster.told_state(id, Clock::now());
    const auto unknown =
        std::find_if(target.destinations.begin(), target.destinations.end(),
                     [](const probe::Destination& to) { return to.addresses.empty(); });
    if (unknown == target.destinations.end()) co_return co_await probe::ask(std::move(target));
    health::Observation observation;
    observation.at = Clock::now();
    observation.outcome = health::Failure{health::FailureKind::internal,
                                          "could not resolve address '" + unknown->peer.host + "'"};
    co_return observation;
}

// The same check, but told when its answer changes. Afterwards the checks go on as the file says,
// at once: the stream may have broken because the node did.
Task Probes::follow(health::QuestionId id) {
    asker(id).follows_stream = true;
    asker(id).places = places_of(question(id));
    bool told = false;
    const auto on_event = [&](const health::Observation& event) {
        if (asker(id).places != places_of(question(id))) return;
        if (!std::exchange(told, true))
            log::notice("Agent {}: its changes are followed as they happen",
                        node_name(question(id)));
        observe(id, event);
    };
    const auto end = co_await (probe::follow_stream(target_of(question(id)), on_event) ||
                               asker(id).leave.async_wait(quietly));
    asker(id).follows_stream = false;
    if (!is_wanted(id)) co_return;
    log::warning("Agent {}: its stream ended ({}); checks go on as the file says",
                 node_name(question(id)),
                 end.index() == 0 ? std::get<0>(end).why : "its name stands for another address");
    parts_.cluster.suspect(id);
}

// Nothing is watched while it is not known where.
void Probes::watch_place(health::QuestionId id) {
    Places places = places_of(question(id));
    // A name that the system resolves libpq can resolve, too.
    const bool nowhere = places.front().empty() && question(id).host.find('@') != std::string::npos;
    const bool same = asker(id).watcher && asker(id).places == places;
    if (same) return;
    asker(id).watcher.reset();
    if (nowhere) return;
    probe::WatchOptions options;
    options.conninfo = conninfo_of(question(id), places.front());
    options.application_name = "pgsteer";
    options.timeout = std::min<milliseconds>(question(id).answer_timeout, options.timeout);
    asker(id).places = std::move(places);
    asker(id).watcher = std::make_unique<probe::RoleWatcher>(
        parts_.io.get_executor(), std::move(options),
        [this, id](const probe::RoleState& state) { observe_watcher(id, state); });
}

Task Probes::watcher_loop(health::QuestionId id) {
    while (is_wanted(id)) {
        watch_place(id);
        asker(id).due.expires_after(watcher_pause);
        co_await asker(id).due.async_wait(quietly);
        if (!asker(id).watcher || asker(id).places != places_of(question(id))) continue;
        const probe::RoleState state = asker(id).watcher->state(Clock::now());
        // Before its first answer it knows nothing, and has not failed either.
        if (state.since != TimePoint::min()) observe_watcher(id, state);
    }
    asker(id).watcher.reset();
    asker(id).asks = false;
}

void Probes::observe_watcher(health::QuestionId id, const probe::RoleState& state) {
    if (asker(id).places != places_of(question(id))) return;
    health::Observation observation;
    observation.at = Clock::now();
    observation.latency = state.latency;
    observation.outcome = health::RoleAnswer{state.node};
    observation.watched = true;
    observe(id, observation);
}

void Probes::observe(health::QuestionId id, const health::Observation& observation) {
    parts_.took(parts_.cluster.observe(id, observation));
}

Probes::Places Probes::places_of(const health::Question& question) const {
    Places places;
    if (question.check.kind == config::Check::Kind::role)
        places.push_back(parts_.names.addresses(question.host, question.port));
    for (const health::Peer& peer : question.peers)
        places.push_back(peer.unix_socket ? std::vector{*peer.unix_socket}
                                          : parts_.names.addresses(peer.host, peer.port));
    return places;
}

void Probes::follow_addresses() {
    for (std::size_t i = 0; i < askers_.size(); ++i) {
        Asker& follower = *askers_[i];
        const auto id = static_cast<health::QuestionId>(i);
        const bool follows = follower.follows_stream || follower.watcher;
        if (!follows || follower.places == places_of(question(id))) continue;
        follower.leave.cancel();
        follower.due.cancel();
    }
    wake_due();
}

probe::Target Probes::target_of(const health::Question& question) const {
    probe::Target target;
    Places places = places_of(question);
    for (std::size_t i = 0; i < places.size(); ++i)
        target.destinations.push_back({std::move(places[i]), question.peers[i]});
    target.check = question.check;
    target.wants_body = question.wants_body;
    target.tls = question.tls.outgoing;
    target.connect_timeout = question.connect_timeout;
    target.answer_timeout = question.answer_timeout;
    return target;
}

void Probes::wake_due() {
    for (std::size_t i = 0; i < askers_.size(); ++i)
        if (!askers_[i]->watcher &&
            parts_.cluster.next_due(static_cast<health::QuestionId>(i)) < askers_[i]->due.expiry())
            askers_[i]->due.cancel();
}

void Probes::hurry(const std::vector<health::QuestionId>& questions) {
    for (const health::QuestionId id : questions) {
        if (asker(id).watcher)
            asker(id).watcher->hurry(after(Clock::now(), urgent_time));
        else if (asker(id).follows_stream)
            parts_.start(hurry_agent(id));
    }
}

Task Probes::hurry_agent(health::QuestionId id) {
    probe::Target target = target_of(question(id));
    config::HttpSendStep request;
    request.method = "GET";
    request.uri = config::plain("/status?hurry");
    target.check.steps = {config::connect_as_server(), request};
    // What it says now comes over its stream as well.
    (void)co_await probe::ask(std::move(target));
}

void Probes::reach(routing::ServerId server) {
    const std::size_t index = routing::index_of(server);
    if (reaching_.size() <= index) reaching_.resize(index + 1);
    if (!reaching_[index]) parts_.start(reach_loop(server));
}

Task Probes::reach_loop(routing::ServerId server) {
    reaching_[routing::index_of(server)] = true;
    asio::steady_timer pause(parts_.io);
    milliseconds span = least_reach_pause;
    while (parts_.cluster.unreachable(server) && !parts_.cluster.removed_at(server)) {
        pause.expires_after(span);
        co_await pause.async_wait(quietly);
        span = std::min(2 * span, most_reach_pause);
        probe::Target target;
        probe::Destination to;
        to.addresses = session_addresses(server);
        if (to.addresses.empty()) continue;
        to.peer.origin = parts_.cluster.origin(server);
        // Who speaks TLS is reached when that can be spoken.
        const config::ServerTls& tls = parts_.cluster.server_config(server).tls;
        to.peer.tls = tls.on;
        if (tls.on && tls.sni && tls.sni->fetch == "str") to.peer.sni = tls.sni->arguments[0];
        to.peer.announcement = parts_.cluster.server_config(server).announcement;
        target.tls = tls.outgoing;
        target.destinations.push_back(std::move(to));
        target.connect_timeout = most_reach_pause;
        target.answer_timeout = most_reach_pause;
        const health::Observation reached = co_await probe::ask(std::move(target));
        if (std::holds_alternative<health::Connected>(reached.outcome))
            parts_.took(parts_.cluster.reached(server, Clock::now()));
    }
    reaching_[routing::index_of(server)] = false;
}

}  // namespace pgsteer::router
