// Observation: what one probe of one node brought back. Evidence, not opinion: whether a 206 is
// good depends on who asks, and is decided by health/judge with the asking listener's expectation.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "config/check.h"
#include "health/node.h"

namespace pgsteer::health {

// An HTTP answer, as far as it was read (the script's quirks are undone by the probe).
struct HttpAnswer {
    int status = 0;             // 100..599
    std::string reason;         // words after the status
    std::string body;           // at most the probe's bound
    Role role = Role::unknown;  // to be shown: from the script's word in the body, too
    // What the node said of itself: an agent, or Patroni. A script's answer has none, and so no
    // vote.
    std::optional<NodeState> node;
    bool offers_stream = false;  // an agent whose changes can be watched
    std::vector<std::pair<std::string, std::string>> headers;
    // It did not end in time: what it may still bring is unknown.
    bool unfinished = false;
};

// What a role watcher of the router's own learned.
struct RoleAnswer {
    NodeState node;
};

struct Connected {
    bool tls = false;
};

// A check's script ended, at its last step or at one that failed.
struct ScriptEnd {
    config::CheckStatus status = config::CheckStatus::unknown;
    int code = 0;
    std::string info;
    bool tells_info = true;  // the info is for log lines too, not only to be shown
};

// What an agent said: one line, without its end.
struct AgentLine {
    std::string text;
    bool ended = false;  // its end was seen
};

// HAProxy's words for where a check failed.
enum class FailureKind : std::uint8_t {
    connect,          // L4CON: refused, unreachable, reset while connecting
    connect_timeout,  // L4TOUT
    tls,              // L6RSP: no handshake, or a certificate that is not believed
    tls_timeout,      // L6TOUT
    answer_timeout,   // L7TOUT: connected, then nothing complete in time
    bad_answer,       // L7RSP: closed early, or not HTTP
    internal,         // SOCKERR: our own side, for example no descriptor
};

struct Failure {
    FailureKind kind{};
    std::string text;  // "Connection refused", what was received, ...
};

struct Observation {
    TimePoint at;        // when it was complete
    Duration latency{};  // from its start
    std::variant<HttpAnswer, Connected, ScriptEnd, AgentLine, RoleAnswer, Failure> outcome;
    // Who asked watches the server all the time and is certain: nothing is left to rise and fall.
    bool watched = false;
    // A failure, and the second witness: PostgreSQL itself takes connections at the same time.
    bool postgres_answers = false;
};

}  // namespace pgsteer::health
