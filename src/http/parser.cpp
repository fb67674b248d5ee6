#include "http/parser.h"

#if defined(__GNUC__) && !defined(__clang__)
// GCC 12 does not see through boost::optional in Beast when sanitizers are on.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstdint>
#include <iterator>
#include <optional>
#include <utility>

#include "base/units.h"

namespace pgsteer::http {
namespace {

namespace beast_http = boost::beast::http;

// Where the header block ends (after its empty line).
std::optional<std::size_t> end_of_head(std::string_view text) {
    std::size_t line_start = 0;
    for (;;) {
        const std::size_t newline = text.find('\n', line_start);
        if (newline == std::string_view::npos) return std::nullopt;
        const std::string_view line = text.substr(line_start, newline - line_start);
        if (line.empty() || line == "\r") return newline + 1;
        line_start = newline + 1;
    }
}

// Beast insists on CR LF; some people's tools send LF alone.
std::string with_full_line_ends(std::string_view head) {
    std::string out;
    out.reserve(head.size() + 16);
    for (std::size_t at = 0; at < head.size(); ++at) {
        if (head[at] == '\n' && (at == 0 || head[at - 1] != '\r')) out += '\r';
        out += head[at];
    }
    return out;
}

// "http://host/path?x" (absolute form, RFC 9112 3.2.2) names the same path as "/path?x".
std::string_view origin_form(std::string_view target) {
    const std::size_t scheme = target.find("://");
    if (target.starts_with('/') || scheme == std::string_view::npos) return target;
    const std::size_t path = target.find('/', scheme + 3);
    return path == std::string_view::npos ? "/" : target.substr(path);
}

Parsed parse_head(std::string_view head, std::size_t most_bytes) {
    const std::string text = with_full_line_ends(head);
    beast_http::request_parser<beast_http::string_body> parser;
    // Line ends may have grown; the bound on what was received is checked by the caller.
    parser.header_limit(static_cast<std::uint32_t>(2 * most_bytes));
    parser.body_limit(boost::none);
    boost::system::error_code error;
    parser.put(boost::asio::buffer(text), error);
    if (!parser.is_header_done()) return {ParseState::malformed, {}};
    const auto& message = parser.get();
    Parsed parsed{ParseState::complete, {}};
    const auto method = message.method_string();
    parsed.request.method.assign(method.data(), method.size());
    const auto raw_target = message.target();
    const std::string_view target = origin_form({raw_target.data(), raw_target.size()});
    const std::size_t question = target.find('?');
    parsed.request.path = target.substr(0, question);
    if (question != std::string_view::npos) parsed.request.query = target.substr(question + 1);
    for (const auto& field : message) {
        std::string name(field.name_string().data(), field.name_string().size());
        std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) {
            return static_cast<char>(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
        });
        std::string value(field.value().data(), field.value().size());
        if (name == "authorization" && parsed.request.authorization.empty())
            parsed.request.authorization = std::move(value);
        else
            parsed.request.headers.emplace_back(std::move(name), std::move(value));
    }
    return parsed;
}

// The head is complete; is the body, of which `rest` has come?
void take_body(Parsed& parsed, std::string_view rest, std::size_t most_body) {
    if (parsed.request.header("transfer-encoding") != nullptr) {
        parsed.state = ParseState::length_required;
        return;
    }
    const std::string* const text = parsed.request.header("content-length");
    if (text == nullptr) return;
    const auto length = parse_integer(*text, 0, INT32_MAX);
    if (!length)
        parsed.state = ParseState::malformed;
    else if (static_cast<std::size_t>(*length) > most_body)
        parsed.state = ParseState::body_too_large;
    else if (rest.size() < static_cast<std::size_t>(*length))
        parsed.state = ParseState::need_more;
    else
        parsed.request.body = rest.substr(0, static_cast<std::size_t>(*length));
}

std::string without_controls(std::string_view value) {
    std::string out;
    for (const char c : value)
        if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) out += c;
    return out;
}

}  // namespace

Parsed parse_request(std::string_view received, std::size_t most_bytes, std::size_t most_body) {
    const std::size_t start = received.find_first_not_of("\r\n");
    if (start == std::string_view::npos)
        return {received.size() > most_bytes ? ParseState::too_large : ParseState::need_more, {}};
    const std::string_view text = received.substr(start);
    // A TLS hello or a PostgreSQL startup packet: no need to wait for more of it.
    const auto first = static_cast<unsigned char>(text.front());
    if (first < 'A' || (first > 'Z' && first < 'a') || first > 'z')
        return {ParseState::malformed, {}};
    const auto end = end_of_head(text);
    if (start + end.value_or(text.size()) > most_bytes) return {ParseState::too_large, {}};
    if (!end) return {};
    Parsed parsed = parse_head(text.substr(0, *end), most_bytes);
    if (parsed.state == ParseState::complete && most_body > 0)
        take_body(parsed, text.substr(*end), most_body);
    return parsed;
}

std::string format_response(const Response& response, bool with_body) {
    // A stream ends with its connection.
    const std::string length =
        response.stream ? "" : fmt::format("Content-Length: {}\r\n", response.body.size());
    std::string out = fmt::format(
        "HTTP/1.1 {} {}\r\nContent-Type: {}\r\n{}Connection: close\r\nCache-Control: no-store\r\n",
        response.status, without_controls(response.reason), without_controls(response.content_type),
        length);
    for (const auto& [name, value] : response.headers)
        fmt::format_to(std::back_inserter(out), "{}: {}\r\n", without_controls(name),
                       without_controls(value));
    out += "\r\n";
    if (with_body) out += response.body;
    return out;
}

Response plain_response(int status, std::string_view reason) {
    Response response;
    response.status = status;
    response.reason = reason;
    response.body = fmt::format("{} {}\n", status, reason);
    return response;
}

}  // namespace pgsteer::http
