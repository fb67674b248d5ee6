#include "health/schedule.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "health/check_text.h"

namespace pgsteer::health {
namespace {

// Evidence makes a question due at once, but no more often than this.
constexpr milliseconds evidence_spacing{100};
// A server takes an answer that comes a tenth of its interval before its turn, at most this much:
// servers of one question fall into step, and none counts the same moment twice.
constexpr milliseconds most_slack{50};

Peer peer_of(const config::ConnectStep& step, const config::Server& server,
             const Question& question) {
    Peer peer;
    peer.host = step.address.empty() ? question.host : step.address;
    peer.port = step.port.value_or(question.port);
    if (step.address.empty() && !step.port) peer.unix_socket = question.unix_socket;
    peer.tls = step.tls || (step.as_server && server.check_tls.enabled);
    peer.origin = server.origin;
    // As the sessions do, unless it asks elsewhere (manual, "check-send-proxy").
    const bool elsewhere = server.check_port || server.check_address;
    const bool announces = server.check_send_proxy || (server.announcement.any() && !elsewhere);
    if (step.send_proxy || (step.as_server && announces)) {
        peer.announcement = server.announcement;
        peer.announcement.text = true;
    }
    if (!peer.tls) return peer;
    peer.sni = step.sni.empty() && step.as_server ? server.check_tls.sni : step.sni;
    peer.alpn = step.alpn.empty() && step.as_server ? server.check_tls.alpn : step.alpn;
    return peer;
}

// The names and values of prepare_external_check in HAProxy's src/extcheck.c.
Program program_of(const config::Server& server, const config::Backend& backend) {
    const config::ExternalCheck& external = backend.check.external;
    const auto place = std::find_if(backend.servers.begin(), backend.servers.end(),
                                    [&](const auto& other) { return other.name == server.name; });
    const auto value = [](const char* name, const std::string& text) {
        return std::string("HAPROXY_") + name + "=" + text;
    };
    Program program;
    program.command = external.command;
    program.proxy_address = external.proxy_address.empty() ? "NOT_USED" : external.proxy_address;
    program.proxy_port = external.proxy_port.empty() ? "NOT_USED" : external.proxy_port;
    program.environment = {
        "PATH=" + external.path,
        value("PROXY_NAME", backend.name),
        value("PROXY_ID", std::to_string(external.proxy_id)),
        value("PROXY_ADDR", external.proxy_address),
        value("PROXY_PORT", external.proxy_port),
        value("SERVER_NAME", server.name),
        value("SERVER_ID", std::to_string(place - backend.servers.begin() + 1)),
        value("SERVER_MAXCONN", std::to_string(server.maxconn)),
        value("SERVER_SSL", "0"),
        value("SERVER_PROTO", "tcp"),
    };
    return program;
}

bool about_body(const config::Step& step) {
    using Kind = config::Expect::Kind;
    const Kind kind = std::get<config::Expect>(step).kind;
    return kind == Kind::string || kind == Kind::rstring;
}

// Those that are not part of the question.
void leave_out_own_expectations(Question& question) {
    auto& steps = question.check.steps;
    const auto first =
        steps.begin() + static_cast<std::ptrdiff_t>(first_own_expectation(question.check));
    question.wants_body = std::any_of(first, steps.end(), about_body);
    steps.erase(first, steps.end());
}

void bound_times(Question& question, const config::Backend& backend, milliseconds inter) {
    // HAProxy bounds a check by inter; `timeout check` replaces that bound for the answer, and the
    // connect keeps the smaller of timeout connect and inter (manual, "timeout check").
    inter = std::max(inter, milliseconds{1});
    question.connect_timeout =
        backend.connect_timeout.count() > 0 ? std::min(backend.connect_timeout, inter) : inter;
    question.answer_timeout = backend.check_timeout.count() > 0 ? backend.check_timeout : inter;
}

bool same_check(const config::Check& a, const config::Check& b) {
    return a.kind == b.kind && a.send_state == b.send_state && a.http == b.http &&
           a.tells_steps == b.tells_steps && a.steps == b.steps && a.role.user == b.role.user &&
           a.role.dbname == b.role.dbname && a.role.sslmode == b.role.sslmode &&
           a.role.passfile == b.role.passfile;
}

}  // namespace

Question question_for(const config::Server& server, const config::Backend& backend) {
    Question question;
    question.host = server.check_address.value_or(server.home());
    question.port = server.check_port.value_or(server.endpoint.port);
    // A check port means TCP even where the sessions go over a unix socket.
    if (!server.check_port && !server.check_address)
        question.unix_socket = server.endpoint.unix_socket;
    question.check = check_for(backend, server);
    for (const config::Step& step : question.check.steps)
        if (const auto* const connect = std::get_if<config::ConnectStep>(&step))
            question.peers.push_back(peer_of(*connect, server, question));
    question.tls = server.check_tls;
    if (question.check.kind == config::Check::Kind::external) {
        question.program = program_of(server, backend);
        // The program is told the server itself.
        question.peers = {Peer{server.home(),
                               server.endpoint.port,
                               server.endpoint.unix_socket,
                               false,
                               {},
                               {},
                               "",
                               {}}};
    }
    leave_out_own_expectations(question);
    bound_times(question, backend, server.inter);
    return question;
}

Question agent_question_for(const config::Server& server, const config::Backend& backend) {
    const config::AgentCheck& agent = server.agent;
    Question question;
    question.host = agent.address.empty() ? server.home() : agent.address;
    question.port = agent.port.value_or(Port{0});
    question.check.kind = config::Check::Kind::agent;
    if (!agent.send.empty())
        question.check.steps.emplace_back(config::SendStep{config::plain(agent.send), false, {}});
    Peer peer;
    peer.host = question.host;
    peer.port = question.port;
    peer.origin = server.origin;
    question.peers = {peer};
    bound_times(question, backend, agent.inter.value_or(server.inter));
    return question;
}

bool same_question(const Question& a, const Question& b) {
    const auto speaks_tls = [](const Peer& peer) { return peer.tls; };
    const bool tls = std::any_of(a.peers.begin(), a.peers.end(), speaks_tls);
    return a.host == b.host && a.port == b.port && a.unix_socket == b.unix_socket &&
           a.connect_timeout == b.connect_timeout && a.answer_timeout == b.answer_timeout &&
           a.peers == b.peers && a.program == b.program && (!tls || a.tls == b.tls) &&
           a.wants_body == b.wants_body && same_check(a.check, b.check);
}

bool wants_the_same(const config::Server& a, const config::Backend& of_a, const config::Server& b,
                    const config::Backend& of_b) {
    const config::Check check_a = check_for(of_a, a);
    const config::Check check_b = check_for(of_b, b);
    Question question_a = question_for(a, of_a);
    const Question question_b = question_for(b, of_b);
    question_a.connect_timeout = question_b.connect_timeout;
    question_a.answer_timeout = question_b.answer_timeout;
    return same_question(question_a, question_b) && check_a.steps == check_b.steps &&
           check_a.disable_on_404 == check_b.disable_on_404 &&
           check_a.role.expect == check_b.role.expect;
}

TimePoint due(const Asked& asked, TimePoint servers_due) {
    if (asked.under_way) return never;
    if (!asked.evidence || !asked.last) return servers_due;
    return std::min(servers_due, *asked.last + evidence_spacing);
}

bool takes(const ServerState& server, const Asked& asked, TimePoint at, bool passed) {
    const RiseFall& known = server.rise_fall;
    if (known.verdict() == Verdict::never_judged && known.health() == 0) return true;
    if (asked.by_evidence && !passed) return true;
    const Duration interval = server.rise_fall.interval();
    const Duration slack = std::min<Duration>(interval / 10, most_slack);
    return server.next_due <= after(at, slack);
}

Duration drifted(Duration interval, const Asked& asked, const config::CheckSpread& spread) {
    const double share = asked.drift * spread.percent / 100;
    return interval + std::chrono::duration_cast<Duration>(interval * share);
}

TimePoint next_turn(ServerState& server, const Asked& asked, const config::CheckSpread& spread,
                    TimePoint now) {
    const Duration interval = server.rise_fall.interval();
    if (std::exchange(server.spread, true)) return after(now, drifted(interval, asked, spread));
    // Asked first within moments of one another, they part now: by an interval, or by less.
    const bool bounded = spread.longest.count() > 0 && spread.longest < interval;
    const Duration apart = bounded ? Duration(spread.longest) : interval;
    const auto gap = interval - std::chrono::duration_cast<Duration>(apart * (1 - asked.first_gap));
    return after(now, std::max<Duration>(gap, milliseconds{1}));
}

}  // namespace pgsteer::health
