#include "probe/http_answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>

#include "health/check_text.h"
#include "probe/node_json.h"

namespace pgsteer::probe {
namespace {

using health::Role;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

std::string_view trim(std::string_view text) {
    constexpr std::string_view blank = " \t\r\n";
    const std::size_t first = text.find_first_not_of(blank);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

bool equal_words(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
        return std::tolower(static_cast<unsigned char>(x)) ==
               std::tolower(static_cast<unsigned char>(y));
    });
}

// Takes the first line (without its LF) off `text`; nothing when it is not complete.
std::optional<std::string_view> take_line(std::string_view& text) {
    const std::size_t newline = text.find('\n');
    if (newline == std::string_view::npos) return std::nullopt;
    const std::string_view line = text.substr(0, newline);
    text.remove_prefix(newline + 1);
    return line;
}

struct StatusLine {
    int status;
    std::string_view reason;
};

// "HTTP/1.1 206 OK"; the version's digits are not looked at further.
std::optional<StatusLine> read_status_line(std::string_view line) {
    constexpr std::string_view protocol = "HTTP/";
    if (!line.starts_with(protocol)) return std::nullopt;
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos || space == protocol.size() ||
        !is_digit(line[protocol.size()]))
        return std::nullopt;
    const std::string_view rest = trim(line.substr(space));
    if (rest.size() < 3 || !std::all_of(rest.begin(), rest.begin() + 3, is_digit) ||
        (rest.size() > 3 && rest[3] != ' '))
        return std::nullopt;
    const int status = (rest[0] - '0') * 100 + (rest[1] - '0') * 10 + (rest[2] - '0');
    if (status < 100 || status > 599) return std::nullopt;
    return StatusLine{status, trim(rest.substr(3))};
}

struct Head {
    std::optional<std::size_t> length;
    bool chunked = false;
    std::optional<health::NodeState> node;  // our agent's
    bool offers_stream = false;
    bool is_json = false;
};

void read_header(std::string_view line, Head& head, health::HttpAnswer& answer) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return;
    const std::string_view name = trim(line.substr(0, colon));
    const std::string_view value = trim(line.substr(colon + 1));
    answer.headers.emplace_back(name, value);
    if (equal_words(name, "Content-Length")) {
        std::size_t length = 0;
        const auto [end, error] =
            std::from_chars(value.data(), value.data() + value.size(), length);
        if (error == std::errc() && end == value.data() + value.size()) head.length = length;
    } else if (equal_words(name, "Transfer-Encoding")) {
        head.chunked = equal_words(value, "chunked");
    } else if (equal_words(name, "Content-Type")) {
        head.is_json = value.starts_with("application/json");
    } else if (equal_words(name, node_header)) {
        head.node = read_node_text(value);
    } else if (equal_words(name, watch_header)) {
        head.offers_stream = true;
    }
}

// Puts chunks together (RFC 9112 7.1); true when the last one was seen.
bool join_chunks(std::string_view text, std::string& body) {
    while (const auto line = take_line(text)) {
        const std::string_view digits = trim(*line);
        std::size_t size = 0;
        const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), size, 16);
        if (parsed.ec != std::errc() || size == 0) return true;  // the last, or past repair
        body.append(text.substr(0, size));
        if (size >= text.size()) return false;
        text.remove_prefix(size);
        take_line(text);
    }
    return false;
}

// The script's word, on a line of its own. Both words: it cannot tell.
Role role_in_body(std::string_view body) {
    bool primary = false;
    bool standby = false;
    while (!body.empty()) {
        const std::string_view line = trim(body.substr(0, body.find('\n')));
        primary |= line == "Primary";
        standby |= line == "Standby";
        if (!take_line(body)) break;
    }
    if (primary == standby) return Role::unknown;
    return primary ? Role::primary : Role::standby;
}

void read_body(std::string_view rest, const Head& head, ParsedAnswer& parsed) {
    if (head.chunked) {
        parsed.body_complete = join_chunks(rest, parsed.answer.body);
    } else {
        parsed.body_complete = head.length && rest.size() >= *head.length;
        parsed.answer.body = head.length ? rest.substr(0, *head.length) : rest;
    }
}

}  // namespace

std::optional<ParsedAnswer> parse_answer(std::string_view received, bool to_head) {
    std::string_view rest = received;
    std::optional<StatusLine> status;
    while (!status) {
        const auto line = take_line(rest);
        if (!line) return std::nullopt;
        status = read_status_line(*line);
    }
    ParsedAnswer parsed;
    parsed.answer.status = status->status;
    parsed.answer.reason = status->reason;
    Head head;
    while (!parsed.head_ended) {
        const auto line = take_line(rest);
        if (!line) break;
        if (trim(*line).empty())
            parsed.head_ended = true;
        else
            read_header(*line, head, parsed.answer);
    }
    const bool has_no_body = to_head || status->status == 204 || status->status == 304;
    if (parsed.head_ended && has_no_body)
        parsed.body_complete = true;
    else if (parsed.head_ended)
        read_body(rest, head, parsed);
    parsed.answer.offers_stream = head.offers_stream;
    parsed.answer.node = std::move(head.node);
    if (!parsed.answer.node && head.is_json) parsed.answer.node = read_patroni(parsed.answer.body);
    parsed.answer.role =
        parsed.answer.node ? parsed.answer.node->role : role_in_body(parsed.answer.body);
    return parsed;
}

std::string format_request(const config::HttpSendStep& request, const std::string& host) {
    const auto text = [](const config::Format& format) { return health::text_of(format, {}); };
    const std::string uri = text(request.uri);
    const std::string body = text(request.body);
    std::string out =
        fmt::format("{} {} {}\r\n", request.method, uri.empty() ? "/" : uri, request.version);
    bool has_host = false;
    bool has_length = false;
    bool has_connection = false;
    for (const config::Header& header : request.headers) {
        has_host |= equal_words(header.name, "Host");
        has_length |= equal_words(header.name, "Content-Length");
        has_connection |= equal_words(header.name, "Connection");
        out += fmt::format("{}: {}\r\n", header.name, text(header.value));
    }
    if (!has_host && request.version == "HTTP/1.1") out += fmt::format("Host: {}\r\n", host);
    if (!has_length && !body.empty()) out += fmt::format("Content-Length: {}\r\n", body.size());
    if (!has_connection) out += "Connection: close\r\n";
    return out + "\r\n" + body;
}

std::string excerpt(std::string_view received) {
    constexpr std::size_t longest = 80;
    const std::string_view text = trim(received);
    std::string out;
    for (const char c : text.substr(0, std::min(longest, text.find('\n')))) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte < 0x7f)
            out += c;
        else if (c != '\r')
            out += '?';
    }
    return out;
}

}  // namespace pgsteer::probe
