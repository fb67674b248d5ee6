#include "config/keywords.h"

#include <algorithm>
#include <array>
#include <charconv>
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

constexpr std::array<std::string_view, 8> formats = {"local", "rfc3164", "rfc5424", "priority",
                                                     "short", "timed",   "iso",     "raw"};

bool log_address(Line& line, const std::string& written, log::Target& target) {
    const std::string text = expand_variables(written, line.environment);
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

// One of `len N`, `format NAME` and `sample RANGES:SIZE`: checked, then left alone.
bool log_option(Line& line, const std::string& name, const std::string& value) {
    if (name == "len" && !line.count(value, 80, 65535)) return false;
    if (name == "format" && !index_of(formats, value)) {
        line.alert("unknown log format '" + value + "'");
        return false;
    }
    if (name == "sample" && value.find(':') == std::string::npos) {
        line.alert("'" + value + "' is not RANGES:SIZE");
        return false;
    }
    const std::string_view why = name == "sample" ? "every line is sent"
                                 : name == "len"  ? "lines are as long as they are"
                                                  : "lines are sent in RFC 3164's form";
    line.used("log ... " + name, KeywordClass::inert, why, "");
    return true;
}

// Strangers' bytes go to terminals and logs: bounded, and without control characters.
std::string printable(std::string text) {
    constexpr std::size_t longest = 400;
    if (text.size() > longest) text = text.substr(0, longest) + "...";
    for (char& c : text)
        if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = '?';
    return text;
}

}  // namespace

void Draft::report(Severity severity, const Location& at, const std::string& text) {
    if (diagnostics.size() < most_diagnostics)
        diagnostics.push_back({severity, at, printable(text)});
    else if (diagnostics.size() == most_diagnostics)
        diagnostics.push_back({Severity::alert, at, "too many mistakes; the others are not shown"});
}

void KeywordUses::add(KeywordUse use) {
    constexpr std::size_t most = 200'000;  // none a person reads
    if (use.kind == KeywordClass::honoured)
        ++honoured;
    else if (others.size() < most)
        others.push_back(std::move(use));
}

const Row* find_row(std::string_view name, unsigned where) {
    static const auto index = [] {
        std::unordered_multimap<std::string_view, const Row*> by_name;
        each_row([&](const Row& row) { by_name.emplace(row.name, &row); });
        return by_name;
    }();
    // "tcp-check set-var(check.x)": none of these is honoured.
    const auto bare = name.substr(0, name.find('('));
    const auto [first, last] = index.equal_range(bare);
    const auto found = std::find_if(first, last, [&](const auto& one) {
        const Row& row = *one.second;
        return (row.where & where) != 0 &&
               (bare.size() == name.size() || row.kind != KeywordClass::honoured);
    });
    return found == last ? nullptr : found->second;
}

std::string Line::name() const {
    std::string text(keyword);
    if (!option.empty()) text.append(" ... ").append(option);
    return text;
}

bool is_proxy_name(std::string_view name) {
    return std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("-_.:").find(c) != std::string_view::npos;
    });
}

void Line::alert(const std::string& text) {
    draft.alert(at, "'" + name() + "' : " + text);
}
void Line::warning(const std::string& text) {
    draft.warning(at, "'" + name() + "' : " + text);
}

void Line::used(std::string_view what, KeywordClass kind, std::string_view why,
                std::string_view instead) {
    if (kind == KeywordClass::honoured)
        ++draft.uses.honoured;
    else
        draft.uses.add({what.empty() ? name() : std::string(what), kind, at, std::string(why),
                        std::string(instead)});
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

std::optional<unsigned> Line::file_mode(const std::string& text) {
    unsigned value = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value, 8);
    if (failed == std::errc{} && end == text.data() + text.size() && value <= 07777) return value;
    alert("'" + text + "' is not an octal file mode");
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
    constexpr std::size_t longest_keyword = 48;
    if (word.size() > longest_keyword) return "";
    std::string_view best;
    std::size_t least =
        std::max<std::size_t>(2, word.size() / 3 + 1);  // farther is no typing mistake
    for (const auto candidate : candidates) {
        const std::size_t distance = edit_distance(word, candidate);
        if (distance >= least) continue;
        least = distance;
        best = candidate;
    }
    return best.empty() ? "" : "; did you mean '" + std::string(best) + "'?";
}

bool matches(std::string_view name, std::string_view word) {
    if (!name.ends_with('*')) return name == word;
    return word.starts_with(name.substr(0, name.size() - 1));
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
    for (; i + 1 < words.size(); i += 2) {
        if (words[i] != "len" && words[i] != "format" && words[i] != "sample") break;
        if (!log_option(line, words[i], words[i + 1])) return std::nullopt;
    }
    if (!line.arguments(words.subspan(i), 1, 3)) return std::nullopt;
    const auto facility = index_of(facilities, words[i]);
    if (!facility) {
        line.alert("unknown log facility '" + words[i] + "'; use kern to local7");
        return std::nullopt;
    }
    target.facility = *facility;
    for (std::size_t j = i + 1; j < words.size(); ++j) {  // the most, then the least urgent sent
        const auto level = index_of(levels, words[j]);
        if (!level) {
            line.alert("unknown optional log level '" + words[j] + "'; use emerg to debug");
            return std::nullopt;
        }
        if (j == i + 1) target.most = static_cast<log::Level>(*level);
        if (j == i + 2)
            line.used("log ... " + words[j], KeywordClass::inert, "no line's urgency is lowered",
                      "");
    }
    return target;
}

}  // namespace pgsteer::config
