#include "health/schedule.h"

#include <algorithm>
#include <utility>

namespace pgsteer::health {
namespace {

// Evidence makes a question due at once, but no more often than this.
constexpr milliseconds evidence_spacing{100};
// A server takes an answer that comes a tenth of its interval before its turn, at most this much:
// servers of one question fall into step, and none counts the same moment twice.
constexpr milliseconds most_slack{50};

bool same_headers(const std::vector<config::Header>& a, const std::vector<config::Header>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
        return x.name == y.name && x.value == y.value;
    });
}

bool about_status(const config::Expect& expect) {
    return expect.kind == config::Expect::Kind::status ||
           expect.kind == config::Expect::Kind::rstatus;
}

}  // namespace

Question question_for(const config::Server& server, const config::Backend& backend) {
    Question question;
    question.host = server.check_address.value_or(server.endpoint.host);
    question.port = server.check_port.value_or(server.endpoint.port);
    // A check port means TCP even where the sessions go over a unix socket.
    if (!server.check_port && !server.check_address)
        question.unix_socket = server.endpoint.unix_socket;
    question.check = backend.check;
    std::erase_if(question.check.expects, about_status);
    // HAProxy bounds a check by inter; `timeout check` replaces that bound for the answer, and the
    // connect keeps the smaller of timeout connect and inter (manual, "timeout check").
    const milliseconds inter = std::max(server.inter, milliseconds{1});
    question.connect_timeout =
        backend.connect_timeout.count() > 0 ? std::min(backend.connect_timeout, inter) : inter;
    question.answer_timeout = backend.check_timeout.count() > 0 ? backend.check_timeout : inter;
    return question;
}

bool same_question(const Question& a, const Question& b) {
    return a.host == b.host && a.port == b.port && a.unix_socket == b.unix_socket &&
           a.connect_timeout == b.connect_timeout && a.answer_timeout == b.answer_timeout &&
           a.check.kind == b.check.kind && a.check.method == b.check.method &&
           a.check.uri == b.check.uri && a.check.version == b.check.version &&
           a.check.role.user == b.check.role.user && a.check.role.dbname == b.check.role.dbname &&
           a.check.role.sslmode == b.check.role.sslmode &&
           a.check.role.passfile == b.check.role.passfile && a.check.body == b.check.body &&
           same_headers(a.check.headers, b.check.headers) &&
           a.check.expects.empty() == b.check.expects.empty();
}

TimePoint due(const Asked& asked, TimePoint servers_due) {
    if (asked.under_way) return never;
    if (!asked.evidence || !asked.last) return servers_due;
    return std::min(servers_due, *asked.last + evidence_spacing);
}

bool takes(const ServerState& server, const Asked& asked, TimePoint at, bool passed) {
    if (server.rise_fall.verdict() == Verdict::never_judged) return true;
    if (asked.by_evidence && !passed) return true;
    const Duration interval = server.rise_fall.interval();
    const Duration slack = std::min<Duration>(interval / 10, most_slack);
    return server.next_due <= after(at, slack);
}

TimePoint next_turn(ServerState& server, const Asked& asked, TimePoint now) {
    const Duration interval = server.rise_fall.interval();
    if (std::exchange(server.spread, true)) return after(now, interval);
    const auto part = std::chrono::duration_cast<Duration>(interval * asked.first_gap);
    return after(now, std::max<Duration>(part, milliseconds{1}));
}

}  // namespace pgsteer::health
