#include "config/keywords.h"

#include <algorithm>
#include <array>
#include <numeric>

namespace pgsteer::config {
namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t change = diagonal + (a[i] == b[j] ? 0U : 1U);
            diagonal = row[j + 1];
            row[j + 1] = std::min({change, row[j] + 1, row[j + 1] + 1});
        }
    }
    return row.back();
}

template <std::size_t size>
std::optional<std::uint8_t> index_of(const std::array<std::string_view, size>& names,
                                     std::string_view name) {
    const auto at = std::find(names.begin(), names.end(), name);
    if (at == names.end()) return std::nullopt;
    return static_cast<std::uint8_t>(at - names.begin());
}

// In the order of their numbers (RFC 3164 4.1.1), under HAProxy's names.
constexpr std::array<std::string_view, 24> facilities = {
    "kern",   "user",   "mail",   "daemon", "auth",   "syslog", "lpr",    "news",
    "uucp",   "cron",   "auth2",  "ftp",    "ntp",    "audit",  "alert",  "cron2",
    "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"};
constexpr std::array<std::string_view, 8> levels = {"emerg",   "alert",  "crit", "err",
                                                    "warning", "notice", "info", "debug"};

bool log_address(Line& line, const std::string& text, log::Target& target) {
    if (text == "stdout" || text == "fd@1") {
        target.kind = log::Target::Kind::standard_output;
        return true;
    }
    if (text == "stderr" || text == "fd@2") {
        target.kind = log::Target::Kind::standard_error;
        return true;
    }
    const std::string plain = text.starts_with("udp@") ? text.substr(4) : text;
    auto endpoint = parse_endpoint(plain);
    if (!endpoint) {
        line.alert(endpoint.error().text);
        return false;
    }
    if (endpoint->unix_socket) {
        target.address = *endpoint->unix_socket;
        return true;
    }
    const Port port = number(endpoint->port) == 0 ? Port{514} : endpoint->port;
    const std::string host = endpoint->host == "localhost" ? "127.0.0.1" : endpoint->host;
    const auto address = Address::from_literal(host, port);
    if (!address)
        line.alert("'" + text +
                   "' is not an IP address, a path, stdout or stderr; use one of these");
    else
        target.address = *address;
    return address.has_value();
}

}  // namespace

void Line::alert(const std::string& text) {
    draft.alert(at, "'" + keyword + "' : " + text);
}
void Line::warning(const std::string& text) {
    draft.warning(at, "'" + keyword + "' : " + text);
}

void Line::used(std::string name, KeywordClass kind, std::string_view why,
                std::string_view instead) {
    draft.uses.push_back({std::move(name), kind, at, std::string(why), std::string(instead)});
}

std::optional<milliseconds> Line::time(const std::string& text, BareNumber unit) {
    auto value = parse_time(text, unit);
    if (value) return *value;
    alert(value.error().text);
    return std::nullopt;
}

std::optional<seconds> Line::whole_seconds(const std::string& text) {
    const auto value = time(text, BareNumber::is_seconds);
    if (!value) return std::nullopt;
    return std::chrono::ceil<seconds>(*value);
}

std::optional<std::uint32_t> Line::count(const std::string& text, std::uint32_t lowest,
                                         std::uint32_t highest) {
    auto value = parse_integer(text, lowest, highest);
    if (value) return static_cast<std::uint32_t>(*value);
    alert(value.error().text);
    return std::nullopt;
}

bool Line::arguments(Words words, std::size_t lowest, std::size_t highest) {
    if (words.size() < lowest)
        alert("needs " + std::to_string(lowest) + (lowest == 1 ? " argument" : " arguments"));
    else if (words.size() > highest)
        alert("cannot handle unexpected argument '" + words[highest] + "'");
    return words.size() >= lowest && words.size() <= highest;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& candidates) {
    std::string_view best;
    std::size_t least = word.size() / 3 + 2;  // farther than this is no typing mistake
    for (const auto candidate : candidates) {
        const std::size_t distance = edit_distance(word, candidate);
        if (distance >= least) continue;
        least = distance;
        best = candidate;
    }
    return best.empty() ? "" : "; did you mean '" + std::string(best) + "'?";
}

bool matches(std::string_view row_name, std::string_view word) {
    if (!row_name.ends_with('*')) return row_name == word;
    return word.starts_with(row_name.substr(0, row_name.size() - 1));
}

void refuse(Line& line, std::string_view, std::string_view reason, std::string_view instead) {
    std::string text = "not supported: " + std::string(reason);
    if (!instead.empty()) text += "; " + std::string(instead);
    line.alert(text);
}

std::optional<log::Target> parse_log(Line& line, Words words) {
    log::Target target;
    if (words.empty() || !log_address(line, words[0], target)) return std::nullopt;
    std::size_t i = 1;
    while (i + 1 < words.size() &&
           (words[i] == "len" || words[i] == "format" || words[i] == "sample"))
        i += 2;
    if (!line.arguments(words.subspan(i), 1, 3)) return std::nullopt;
    const auto facility = index_of(facilities, words[i]);
    if (!facility) {
        line.alert("unknown facility '" + words[i] + "'; use kern to local7");
        return std::nullopt;
    }
    target.facility = *facility;
    if (i + 1 == words.size()) return target;
    const auto level = index_of(levels, words[i + 1]);
    if (!level) {
        line.alert("unknown level '" + words[i + 1] + "'; use emerg to debug");
        return std::nullopt;
    }
    target.most = static_cast<log::Level>(*level);
    return target;
}

}  // namespace pgsteer::config
