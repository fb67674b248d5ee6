// What goes up from the workers to the control plane: evidence about servers, and ended sessions
// for the log, and sessions on their way where the log wants them. Values, sent through one bounded
// queue a worker; when it is full, session lines are lost and counted, evidence is repeated by the
// next failing connect.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/address.h"
#include "base/clock.h"
#include "base/line_level.h"
#include "routing/table.h"

namespace pgsteer::routing {

// A connect to a server failed: evidence that its node is in trouble.
struct ConnectFailed {
    ServerId server{};
    int error_number = 0;  // errno; ETIMEDOUT when our own timeout ended it
    TimePoint at;
    // The TLS handshake failed: OpenSSL's code, and what is wrong with the certificate (0:
    // nothing).
    bool by_tls = false;
    std::uint64_t tls_code = 0;
    long tls_verified = 0;
};

// accept() failed for lack of descriptors or memory; repeated at most once a second a worker.
struct AcceptFailed {
    FrontendId frontend{};
    int error_number = 0;
};

// Why a session ended. One word each, in log, metrics, docs and tests.
enum class EndReason : std::uint8_t {
    client_closed,  // both sides ended, the client first
    server_closed,  // both sides ended, the server first
    client_reset,
    server_reset,
    client_timeout,   // nothing moved for `timeout client`
    server_timeout,   // nothing moved for `timeout server`
    client_left,      // gone before a server was found
    no_server,        // `timeout queue` passed while none was fit or had a free slot
    connect_failed,   // every try to connect failed
    connect_timeout,  // the same, and all for `timeout connect`
    cut,              // its server may not be used any more
    superseded,       // its server is a backup, and others are back
    killed,           // an operator ended it
    no_backend,       // no `use_backend` rule holds, and there is no default
    rejected,         // by a `tcp-request content` rule
    tls_failed,       // its TLS handshake failed, or did not end in time
    no_proxy_header,  // its first bytes are not the PROXY header that its listener expects
    shutdown,         // the process ends
    resources,        // out of descriptors or memory
};
std::string_view word(EndReason reason);

// Where in its life the session was; the second letter of HAProxy's termination state.
enum class Phase : std::uint8_t { request, queue, connect, data, last };
// HAProxy's two letters ("--", "CD", "sQ", "DD" ...; manual 8.5).
struct TerminationState {
    char cause = '-';
    char phase = '-';
};
TerminationState termination_state(EndReason reason, Phase phase);

// When a line can be due: HAProxy's `Connect from ...`, its lines without numbers of the end, and
// all others.
enum class Moment : std::uint8_t { accepted, connected, ended };

// A session at such a moment; mostly its end.
struct SessionEnded {
    Moment moment = Moment::ended;
    bool told = false;  // ended: it was reported when it was connected
    LineLevel level = LineLevel::as_usual;
    Address client;
    Address destination;  // these three only where the log wants them
    Address source;
    Address server_address;
    std::uint32_t listener = 0;  // its number among the frontend's
    std::uint32_t number = 0;    // which session of the process
    FrontendId frontend{};
    BackendId backend{};
    bool has_server = false;
    ServerId server{};
    WallTime accepted;
    milliseconds waited{-1};      // %Tw; -1: never got out of the queue
    milliseconds connecting{-1};  // %Tc; -1: never connected
    milliseconds total{0};        // %Tt
    milliseconds handshake{0};    // %Th: until its PROXY header was read
    std::uint64_t bytes_in = 0;   // client to server
    std::uint64_t bytes_out = 0;  // server to client, %B
    EndReason reason{};
    Phase phase{};
    std::uint32_t retries = 0;
    bool redispatched = false;            // its server is not the one that was tried first
    std::uint32_t queue_position = 0;     // %bq: who left the queue before it, since it came
    std::uint32_t process_sessions = 0;   // %ac, after this one ended
    std::uint32_t frontend_sessions = 0;  // %fc
    std::uint32_t backend_sessions = 0;   // %bc
    std::uint32_t server_sessions = 0;    // %sc
    std::vector<std::string> captured;    // what rules kept of the client; "": nothing
};

using Report = std::variant<ConnectFailed, SessionEnded, AcceptFailed>;

}  // namespace pgsteer::routing
