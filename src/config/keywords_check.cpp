#include <algorithm>
#include <array>

#include "base/pattern.h"
#include "config/keywords.h"

namespace pgsteer::config {
namespace {

constexpr auto inert = KeywordClass::inert;
constexpr auto honoured = KeywordClass::honoured;

bool is_digits(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// The old form of HAProxy before 2.2: "HTTP/1.1\r\nHost:\ name\r\n\r\nbody" as one word.
void version_with_headers(Line& line, std::string_view text, Check& check) {
    const auto first = text.find("\r\n");
    check.version = std::string(text.substr(0, first));
    if (!check.version.starts_with("HTTP/"))
        line.alert("'" + check.version + "' is no HTTP version; write HTTP/1.0 or HTTP/1.1");
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
        check.headers.push_back({std::string(header.substr(0, colon)), std::string(value)});
    }
    if (!text.empty()) check.body = std::string(text);
}

void httpchk(Line& line, Words words) {
    Proxy& proxy = *line.proxy;
    proxy.http_check = !line.negated;
    if (line.negated || !line.arguments(words, 0, 3)) return;
    Check& check = proxy.back.check;
    // As in HAProxy a section with its own `option httpchk` takes no check line of its defaults.
    if (!proxy.own_check && !proxy.own_send && !proxy.own_expects) check = Check{};
    proxy.own_check = true;
    if (words.size() == 1) check.uri = words[0];
    if (words.size() < 2) return;
    check.method = words[0];
    check.uri = words[1];
    if (words.size() == 3) version_with_headers(line, words[2], check);
}

// `hdr` takes two words, every other word one.
void send(Line& line, Words words) {
    if (line.proxy->own_send) return line.alert("already given in this section; write one line");
    line.proxy->own_send = true;
    Check& check = line.proxy->back.check;
    std::vector<Header> headers;
    for (std::size_t i = 0; i < words.size();) {
        const std::string& name = words[i];
        const std::size_t values = name == "hdr" ? 2 : 1;
        if (i + values >= words.size()) return line.alert("'" + name + "' needs a value");
        const std::string& value = words[i + 1];
        if (name == "meth")
            check.method = value;
        else if (name == "uri")
            check.uri = value;
        else if (name == "ver")
            check.version = value.starts_with("HTTP/") ? value : "HTTP/" + value;
        else if (name == "body")
            check.body = value;
        else if (name == "hdr")
            headers.push_back({value, words[i + 2]});
        else if (name == "uri-lf" || name == "body-lf")
            line.alert("'" + name +
                       "' is not supported: there are no log formats; use 'uri', 'body'");
        else if (name != "comment")
            return line.alert("unknown word '" + name + "'" +
                              did_you_mean(name, {"meth", "uri", "ver", "hdr", "body", "comment"}));
        i += 1 + values;
    }
    if (!headers.empty()) check.headers = std::move(headers);
}

bool check_codes(Line& line, std::string_view pattern) {
    std::string_view rest = pattern;
    while (true) {
        const auto part = rest.substr(0, rest.find(','));
        const auto dash = part.find('-');
        const auto low = part.substr(0, dash);
        const auto high = dash == std::string_view::npos ? low : part.substr(dash + 1);
        const bool fits = is_digits(low) && is_digits(high) && low.size() == 3 &&
                          high.size() == 3 && low >= "100" && high <= "599" && low <= high;
        if (!fits) {
            line.alert("'" + std::string(pattern) +
                       "' is no status list; write 200 or 200-299,301");
            return false;
        }
        if (part.size() == rest.size()) return true;
        rest.remove_prefix(part.size() + 1);
    }
}

bool check_regex(Line& line, const std::string& pattern) {
    const auto compiled = Pattern::compile(pattern);
    if (!compiled) line.alert("no regular expression: " + compiled.error().text);
    return compiled.has_value();
}

constexpr std::array<std::string_view, 4> kinds = {"status", "string", "rstatus", "rstring"};

// Skips the options before the match; answers where the match starts.
std::size_t expect_options(Line& line, Words words) {
    constexpr std::array<std::string_view, 8> options = {
        "comment",     "min-recv",   "ok-status", "error-status",
        "tout-status", "on-success", "on-error",  "status-code"};
    std::size_t i = 0;
    while (i + 1 < words.size() &&
           std::find(options.begin(), options.end(), words[i]) != options.end()) {
        const std::string_view why =
            words[i] == "min-recv" ? "the whole answer is read first" : "check lines have one form";
        line.used("http-check expect ... " + words[i], inert, why, "");
        i += 2;
    }
    return i;
}

void expect(Line& line, Words words) {
    Expect expected;
    expected.at = line.at;
    std::size_t i = expect_options(line, words);
    if (i < words.size() && words[i] == "!") {
        expected.negate = true;
        ++i;
    }
    if (words.size() > i && (words[i] == "hdr" || words[i] == "fhdr" || words[i] == "string-lf"))
        return line.alert("not supported: '" + words[i] + "' is not matched; use status or string");
    if (!line.arguments(words.subspan(i), 2, 2)) return;
    const auto kind = std::find(kinds.begin(), kinds.end(), words[i]);
    if (kind == kinds.end())
        return line.alert("unknown match '" + words[i] + "'" +
                          did_you_mean(words[i], {kinds.begin(), kinds.end()}));
    expected.kind = static_cast<Expect::Kind>(kind - kinds.begin());
    expected.pattern = words[i + 1];
    if (*kind == "status" && !check_codes(line, expected.pattern)) return;
    if (kind->starts_with('r') && !check_regex(line, expected.pattern)) return;
    auto& expects = line.proxy->back.check.expects;
    if (!line.proxy->own_expects && !line.proxy->own_check) expects.clear();
    line.proxy->own_expects = true;
    expects.push_back(std::move(expected));
}

void tcp_check(Line& line, Words words) {
    if (!line.arguments(words, 0, 0)) return;
    line.proxy->http_check = false;
    line.proxy->back.check.kind = Check::Kind::tcp;
}

constexpr std::string_view one_request = "a check is one request and its answer";

constexpr Row rows[] = {
    {"option httpchk", in_back, honoured, httpchk, "check over HTTP: [METHOD] URI [VERSION]"},
    {"option tcp-check", in_back, honoured, tcp_check, "check by a plain connect"},
    {"http-check send", in_back, honoured, send, "the request: meth, uri, ver, hdr, body"},
    {"http-check expect", in_back, honoured, expect,
     "the answer of a good server: [!] status, string, rstatus or rstring"},
    inert_row("http-check send-state", in_back, "no X-Haproxy-Server-State is sent"),
    inert_row("http-check comment", in_back, "a comment"),
    refused_row("http-check connect", in_back, one_request, "use 'port' and 'addr'"),
    refused_row("http-check disable-on-404", in_back, "404 is a failed check", "remove it"),
    refused_row("http-check set-var*", in_back, one_request, "remove it"),
    refused_row("http-check unset-var*", in_back, one_request, "remove it"),
};

}  // namespace

std::span<const Row> check_rows() {
    return rows;
}

}  // namespace pgsteer::config
