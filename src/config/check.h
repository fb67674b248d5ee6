// Check: how a backend's servers are asked whether they are fit, as HAProxy's tcp-check has it: a
// script of steps. `option httpchk` and `option pgsql-check` are short forms of one. Values,
// produced by config/, immutable afterwards; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/address.h"
#include "config/location.h"

namespace pgsteer::config {

// HAProxy's results of a check, in its words (table in check.cpp).
enum class CheckStatus : std::uint8_t {
    unknown,
    socket_error,
    l4_ok,
    l4_timeout,
    l4_failed,
    l6_ok,
    l6_timeout,
    l6_failed,
    l7_timeout,
    l7_invalid,
    l7_ok,
    l7_conditional,
    l7_wrong,
    program_failed,
    program_timeout,
    program_ok,
};
std::string_view word(CheckStatus status);   // "L7OK"
std::string_view words(CheckStatus status);  // "Layer7 check passed"
bool passes(CheckStatus status);
// Of a word that `ok-status`, `error-status` or `tout-status` takes.
std::optional<CheckStatus> check_status(std::string_view word);

// A text with places for what is known only later: the part of HAProxy's log formats that checks
// need.
struct FormatPart {
    enum class What : std::uint8_t { text, proxy, server, host_name, payload };
    What what = What::text;
    std::string text;
    std::size_t offset = 0;  // payload: of what was received
    std::size_t length = 0;  // payload; 0: all of the rest
    friend bool operator==(const FormatPart&, const FormatPart&) = default;
};
using Format = std::vector<FormatPart>;
// A text without any places.
Format plain(std::string text);
// Nothing is left open: it is this text.
std::optional<std::string> constant(const Format& format);
// Hexadecimal digits to bytes; nothing when they are not that.
std::optional<std::string> from_hexadecimal(std::string_view digits);

// How a step is named when it fails, and where it was written.
struct StepNote {
    unsigned number = 0;  // among the section's lines, from 1; 0: no line stands for it
    std::string comment;
    Location at;
    friend bool operator==(const StepNote& a, const StepNote& b) {
        return a.number == b.number && a.comment == b.comment;
    }
};

struct ConnectStep {
    std::optional<Port> port;
    std::string address;  // literal or name; empty: the server's check address
    bool tls = false;
    bool as_server =
        false;  // `default`, or no connect step: check-ssl, check-send-proxy, ... apply
    bool send_proxy = false;
    std::string sni;
    std::vector<std::string> alpn;
    StepNote note;
    friend bool operator==(const ConnectStep&, const ConnectStep&) = default;
};

struct SendStep {
    Format bytes;
    bool hexadecimal = false;  // what the format gives is hexadecimal
    StepNote note;
    friend bool operator==(const SendStep&, const SendStep&) = default;
};

struct Header {
    std::string name;
    Format value;
    friend bool operator==(const Header&, const Header&) = default;
};

struct HttpSendStep {
    std::string method = "OPTIONS";  // HAProxy's default
    Format uri;                      // empty: "/"
    std::string version = "HTTP/1.0";
    std::vector<Header> headers;
    Format body;
    StepNote note;
    friend bool operator==(const HttpSendStep&, const HttpSendStep&) = default;
};

// How a header's name or value is compared (`-m`).
struct TextMatch {
    enum class How : std::uint8_t { none, equal, begin, end, part, regex };
    How how = How::none;
    Format pattern;
    friend bool operator==(const TextMatch&, const TextMatch&) = default;
};

struct Expect {
    // binary: the pattern is bytes, as for string; rbinary: matched against the hexadecimal form.
    enum class Kind : std::uint8_t { status, rstatus, string, rstring, binary, rbinary, header };
    Kind kind = Kind::status;
    bool negate = false;
    Format pattern;            // "200-299,301", a text or a regular expression, as written
    bool hexadecimal = false;  // what the pattern's format gives is hexadecimal
    TextMatch header_name;
    TextMatch header_value;
    bool full_header = false;                      // fhdr: a value's commas separate nothing
    std::optional<std::uint32_t> min_recv;         // none: wait as long as nothing matches
    CheckStatus ok_status = CheckStatus::unknown;  // unknown: not given
    CheckStatus error_status = CheckStatus::unknown;
    CheckStatus timeout_status = CheckStatus::unknown;
    Format on_success;
    Format on_error;
    Format status_code;           // its digits become the check's code
    bool postgres_error = false;  // a failure is explained by PostgreSQL's own message
    StepNote note;
    friend bool operator==(const Expect&, const Expect&) = default;
};

using Step = std::variant<ConnectStep, SendStep, HttpSendStep, Expect>;

// The connect that no line asks for.
inline ConnectStep connect_as_server() {
    ConnectStep step;
    step.as_server = true;
    return step;
}

// `option pgsql-role-check`: the router asks PostgreSQL itself what it is.
struct RoleCheck {
    enum class Expect { any, primary, standby };
    std::string user = "pgsteer";
    std::string dbname = "postgres";
    std::string sslmode;   // empty: libpq's default
    std::string passfile;  // empty: PGPASSFILE, or libpq's default
    Expect expect = Expect::any;
};

// `option external-check`: a program's exit status is the verdict.
struct ExternalCheck {
    std::string command;
    std::string path;       // its PATH
    unsigned proxy_id = 0;  // the section's place in the file, from 1
    // Of the section's first `bind`; empty: it has none.
    std::string proxy_address, proxy_port;
    friend bool operator==(const ExternalCheck&, const ExternalCheck&) = default;
};

struct Check {
    enum class Kind : std::uint8_t { script, role, external, agent };
    Kind kind = Kind::script;
    // Of the answer as HTTP (http-check) or as bytes (tcp-check, pgsql-check).
    bool http = false;
    // What the expectations say of a failure: with tcp-check its step, with a protocol's only
    // theirs.
    bool tells_steps = false;
    std::vector<Step> steps{connect_as_server()};  // the first is a connect
    bool disable_on_404 = false;  // a 404 of a server that was fit: no new sessions
    bool send_state = false;      // a request tells what is known of the server
    RoleCheck role;
    ExternalCheck external;
};

}  // namespace pgsteer::config
