#include <algorithm>
#include <type_traits>
#include <utility>

#include "config/check_format.h"
#include "config/check_steps.h"
#include "config/keywords.h"

namespace pgsteer::config {
namespace {

constexpr auto honoured = KeywordClass::honoured;
using Dialect = CheckLines::Dialect;

// A script's lines: far more than anybody writes, and a bound on what one check does.
constexpr std::size_t most_steps = 100;

// The old form of HAProxy before 2.2: "HTTP/1.1\r\nHost:\ name\r\n\r\nbody" as one word.
void version_with_headers(Line& line, std::string_view text, HttpSendStep& request) {
    const auto first = text.find("\r\n");
    request.version = std::string(text.substr(0, first));
    if (!request.version.starts_with("HTTP/"))
        line.alert("'" + request.version + "' is no HTTP version; write HTTP/1.0 or HTTP/1.1");
    if (first == std::string_view::npos) return;
    text.remove_prefix(first + 2);
    while (!text.empty()) {
        const auto end = text.find("\r\n");
        const auto header = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 2);
        if (header.empty()) break;
        const auto colon = header.find(':');
        if (colon == std::string_view::npos)
            return line.alert("'" + std::string(header) + "' is no NAME: VALUE header");
        auto value = header.substr(colon + 1);
        while (value.starts_with(' '))
            value.remove_prefix(1);
        request.headers.push_back(
            {std::string(header.substr(0, colon)), plain(std::string(value))});
    }
    request.body = plain(std::string(text));
}

void choose(Line& line, Dialect dialect) {
    Dialect& chosen = line.proxy->checks.dialect;
    if (!line.negated)
        chosen = dialect;
    else if (chosen == dialect)
        chosen = Dialect::connect;
}

void httpchk(Line& line, Words words) {
    choose(line, Dialect::http);
    if (line.negated || !line.arguments(words, 0, 3)) return;
    CheckLines& checks = line.proxy->checks;
    // As in HAProxy a section with its own `option httpchk` takes no check line of its defaults.
    if (!checks.own_http) checks.http_steps.clear();
    checks.own_option = true;
    checks.request = {};
    if (words.size() == 1) checks.request.uri = plain(words[0]);
    if (words.size() < 2) return;
    checks.request.method = words[0];
    checks.request.uri = plain(words[1]);
    if (words.size() == 3) version_with_headers(line, words[2], checks.request);
}

void tcp_check_option(Line& line, Words words) {
    if (line.arguments(words, 0, 0)) choose(line, Dialect::tcp);
}

void pgsql_check(Line& line, Words words) {
    choose(line, Dialect::postgres);
    if (line.negated) return;
    if (words.size() != 2 || words[0] != "user")
        return line.alert("needs 'user NAME': a PostgreSQL role; it need not exist");
    line.proxy->checks.postgres_user = words[1];
}

// The first `http-check` line of a section replaces those of its defaults; the step's number among
// the section's lines.
unsigned next_http(Line& line) {
    CheckLines& checks = line.proxy->checks;
    if (!std::exchange(checks.own_http, true) && !checks.own_option) {
        checks.http_steps.clear();
        checks.http_lines = 0;
    }
    return ++checks.http_lines;
}

unsigned next_tcp(Line& line) {
    CheckLines& checks = line.proxy->checks;
    if (!std::exchange(checks.own_tcp, true)) {
        checks.tcp_steps.clear();
        checks.tcp_lines = 0;
    }
    return ++checks.tcp_lines;
}

template <class Kind>
void add(Line& line, std::optional<Kind> step, unsigned number, std::vector<Step>& steps,
         std::string& comment) {
    if (!step) return;
    if (steps.size() >= most_steps)
        return line.alert("a check has no more than " + std::to_string(most_steps) + " steps");
    const bool connects = std::any_of(steps.begin(), steps.end(), [](const Step& other) {
        return std::holds_alternative<ConnectStep>(other);
    });
    if (std::is_same_v<Kind, ConnectStep> && !connects && !steps.empty())
        return line.alert("the first step must be a 'connect' too when there is one");
    step->note.number = number;
    step->note.at = line.at;
    if (step->note.comment.empty()) step->note.comment = comment;
    comment.clear();
    steps.push_back(std::move(*step));
}

template <class Kind>
void add_http(Line& line, std::optional<Kind> step) {
    const unsigned number = next_http(line);
    CheckLines& checks = line.proxy->checks;
    add(line, std::move(step), number, checks.http_steps, checks.http_comment);
}

template <class Kind>
void add_tcp(Line& line, std::optional<Kind> step) {
    const unsigned number = next_tcp(line);
    CheckLines& checks = line.proxy->checks;
    add(line, std::move(step), number, checks.tcp_steps, checks.tcp_comment);
}

// The first `send` completes the request of `option httpchk`; a later one stands for itself.
void http_send(Line& line, Words words) {
    const auto& steps = line.proxy->checks.http_steps;
    const bool own = line.proxy->checks.own_http || line.proxy->checks.own_option;
    const bool first = !own || std::none_of(steps.begin(), steps.end(), [](const Step& step) {
        return std::holds_alternative<HttpSendStep>(step);
    });
    if (!first && std::holds_alternative<HttpSendStep>(steps.back()))
        return line.alert("a 'send' after a 'send' needs an 'expect' between them");
    HttpSendStep request = first ? line.proxy->checks.request : HttpSendStep{};
    std::optional<HttpSendStep> step;
    if (read_http_send(line, words, request)) step = std::move(request);
    add_http(line, std::move(step));
}

void http_expect(Line& line, Words words) {
    add_http(line, read_expect(line, words, CheckProtocol::http));
}
void http_connect(Line& line, Words words) {
    add_http(line, read_connect(line, words, CheckProtocol::http));
}
void tcp_expect(Line& line, Words words) {
    add_tcp(line, read_expect(line, words, CheckProtocol::tcp));
}
void tcp_connect(Line& line, Words words) {
    add_tcp(line, read_connect(line, words, CheckProtocol::tcp));
}
void tcp_send(Line& line, Words words) {
    const std::string_view kind = std::string_view(line.keyword).substr(sizeof("tcp-check"));
    add_tcp(line, read_send(line, kind, words));
}

void http_comment(Line& line, Words words) {
    if (!line.arguments(words, 1, 1)) return;
    next_http(line);
    line.proxy->checks.http_comment = words[0];
}
void tcp_comment(Line& line, Words words) {
    if (!line.arguments(words, 1, 1)) return;
    next_tcp(line);
    line.proxy->checks.tcp_comment = words[0];
}

void external_option(Line& line, Words words) {
    if (line.arguments(words, 0, 0)) choose(line, Dialect::external);
}
void external_command(Line& line, Words words) {
    if (line.arguments(words, 1, 1)) line.proxy->checks.external.command = words[0];
}
void external_path(Line& line, Words words) {
    if (line.arguments(words, 1, 1)) line.proxy->checks.external.path = words[0];
}

void send_state(Line& line, Words words) {
    if (line.arguments(words, 0, 0)) line.proxy->checks.send_state = true;
}

void disable_on_404(Line& line, Words words) {
    if (line.arguments(words, 0, 0)) line.proxy->checks.disable_on_404 = true;
}

constexpr std::string_view no_variables = "checks have no variables";
constexpr std::string_view write_it_out = "write the text out";

constexpr Row rows[] = {
    {"option httpchk", in_back, honoured, httpchk, "check over HTTP: [METHOD] URI [VERSION]"},
    {"option tcp-check", in_back, honoured, tcp_check_option,
     "check by the 'tcp-check' lines; without any, by a connect"},
    {"option pgsql-check", in_back, honoured, pgsql_check,
     "check that PostgreSQL answers a login: user NAME"},
    {"http-check connect", in_back, honoured, http_connect,
     "a connection: default, port, addr, ssl, sni, alpn, proto, send-proxy, linger, comment"},
    {"http-check send", in_back, honoured, http_send,
     "the request: meth, uri, uri-lf, ver, hdr, body, body-lf, comment"},
    {"http-check expect", in_back, honoured, http_expect,
     "the answer of a good server: [!] status, rstatus, string, rstring, string-lf, hdr, fhdr; "
     "before it min-recv, ok-status, error-status, tout-status, on-success, on-error, status-code, "
     "comment"},
    {"http-check comment", in_back, honoured, http_comment, "told when the next step fails"},
    {"tcp-check connect", in_back, honoured, tcp_connect,
     "a connection: default, port, addr, ssl, sni, alpn, proto, send-proxy, linger, comment"},
    {"tcp-check send", in_back, honoured, tcp_send, "a text to send: TEXT [comment TEXT]"},
    {"tcp-check send-lf", in_back, honoured, tcp_send, "the same as a log format"},
    {"tcp-check send-binary", in_back, honoured, tcp_send, "the same in hexadecimal"},
    {"tcp-check send-binary-lf", in_back, honoured, tcp_send,
     "the same as a log format in hexadecimal"},
    {"tcp-check expect", in_back, honoured, tcp_expect,
     "what a good server sends: [!] string, rstring, string-lf, binary, rbinary, binary-lf; "
     "options "
     "as of 'http-check expect'"},
    {"tcp-check comment", in_back, honoured, tcp_comment, "told when the next step fails"},
    {"option external-check", in_back, honoured, external_option,
     "check by a program's exit status; needs 'external-check' in global"},
    {"external-check command", in_back, honoured, external_command, "that program"},
    {"external-check path", in_back, honoured, external_path, "its PATH"},
    {"http-check send-state", in_back, honoured, send_state,
     "each request tells the server how it is seen, in X-Haproxy-Server-State"},
    {"http-check disable-on-404", in_back, honoured, disable_on_404,
     "a 404 of a server that was fit: no new sessions, but it is not DOWN"},
    refused_row("http-check set-var", in_back, no_variables, write_it_out),
    refused_row("http-check set-var-fmt", in_back, no_variables, write_it_out),
    refused_row("http-check unset-var", in_back, no_variables, write_it_out),
    refused_row("tcp-check set-var", in_back, no_variables, write_it_out),
    refused_row("tcp-check set-var-fmt", in_back, no_variables, write_it_out),
    refused_row("tcp-check unset-var", in_back, no_variables, write_it_out),
};

}  // namespace

std::span<const Row> check_rows() {
    return rows;
}

}  // namespace pgsteer::config
