// `log` and what belongs to it: where lines go and in which form (HAProxy 2.6 manual, 4.2 and 8).
#include <algorithm>
#include <array>

#include "config/keywords.h"

namespace pgsteer::config {
namespace {

constexpr auto honoured = KeywordClass::honoured;
// An object of JSON is longer than a line of text; it is the reader's limit that counts.
constexpr std::size_t longest_json = 16 * 1024;

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
// In the order of log::Format.
constexpr std::array<std::string_view, 9> formats = {
    "local", "rfc3164", "rfc5424", "priority", "short", "timed", "iso", "raw", "json"};

bool descriptor_target(Line& line, const std::string& number, log::Target& target) {
    const auto value = line.count(number, 0, 1'000'000);
    target.kind = log::Target::Kind::descriptor;
    if (value) target.descriptor = static_cast<int>(*value);
    return value.has_value();
}

bool udp_target(Line& line, const std::string& text, log::Target& target) {
    std::string plain = text;
    for (const auto& [prefix, family] :
         {std::pair("udp@", AF_UNSPEC), std::pair("udp4@", AF_INET), std::pair("udp6@", AF_INET6),
          std::pair("ipv4@", AF_INET), std::pair("ipv6@", AF_INET6)})
        if (text.starts_with(prefix)) {
            plain.erase(0, std::string_view(prefix).size());
            target.family = family;
        }
    if (const auto at = plain.find('@'); at != std::string::npos) {
        line.alert("'" + text + "': lines go by datagrams, not to '" + plain.substr(0, at + 1) +
                   "'; use udp@, a path, abns@, stdout, stderr, fd@ or journald");
        return false;
    }
    const auto endpoint = parse_endpoint(plain);
    if (!endpoint) {
        line.alert(endpoint.error().text);
        return false;
    }
    target.kind = log::Target::Kind::udp;
    target.host = endpoint->host;
    if (number(endpoint->port) != 0) target.port = endpoint->port;
    if (target.host.empty()) line.alert("'" + text + "' has no host");
    return !target.host.empty();
}

bool log_address(Line& line, const std::string& written, log::Target& target) {
    const std::string text = expand_variables(written, line.environment);
    if (text == "stdout") return descriptor_target(line, "1", target);
    if (text == "stderr") return descriptor_target(line, "2", target);
    if (text.starts_with("fd@")) return descriptor_target(line, text.substr(3), target);
    if (text == "journald") {
        target.kind = log::Target::Kind::journal;
        return true;
    }
    if (text.starts_with("ring@")) {
        line.alert("'" + text +
                   "': there are no ring buffers; use stdout or a syslog address, and 'show "
                   "events' on the stats socket for what happened last");
        return false;
    }
    const bool is_local = text.starts_with('/') || text.starts_with("unix@") ||
                          text.starts_with("uxdg@") || text.starts_with("abns@") ||
                          text.starts_with("abnsz@");
    if (!is_local) return udp_target(line, text, target);
    const auto endpoint =
        parse_endpoint(text.starts_with("uxdg@") ? "unix@" + text.substr(5) : text);
    if (!endpoint) {
        line.alert(endpoint.error().text);
        return false;
    }
    target.kind = log::Target::Kind::unix_socket;
    target.local = *endpoint->unix_socket;
    return true;
}

// "1,3-5:10"
bool log_sample(Line& line, const std::string& text, log::LogSample& sample) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string::npos) {
        line.alert("'" + text + "' is not RANGES:SIZE, as in 'sample 1,3-5:10'");
        return false;
    }
    const auto size = line.count(text.substr(colon + 1), 1, 1'000'000);
    if (!size) return false;
    sample.size = *size;
    sample.line = line.draft.log_lines.count;
    std::string rest = text.substr(0, colon);
    while (!rest.empty()) {
        const std::string range = rest.substr(0, rest.find(','));
        rest.erase(0, range.size() + 1);
        const std::size_t dash = range.find('-');
        const auto first = line.count(range.substr(0, dash), 1, sample.size);
        const auto last =
            dash == std::string::npos ? first : line.count(range.substr(dash + 1), 1, sample.size);
        if (!first || !last) return false;
        if (*last < *first) {
            line.alert("'" + range + "' ends before it begins");
            return false;
        }
        sample.ranges.push_back({*first, *last});
    }
    if (sample.ranges.empty()) line.alert("'" + text + "' has no range");
    return !sample.ranges.empty();
}

bool log_option(Line& line, const std::string& name, const std::string& value,
                log::Target& target) {
    if (name == "sample") return log_sample(line, value, target.sample);
    if (name == "len") {
        const auto length = line.count(value, 80, 65535);
        if (length) target.length = *length;
        return length.has_value();
    }
    const auto format = index_of(formats, value);
    if (!format)
        line.alert("unknown log format '" + value +
                   "'; use local, rfc3164, rfc5424, priority, short, timed, iso, raw or json");
    else
        target.format = static_cast<log::Format>(*format);
    return format.has_value();
}

// FACILITY [LEVEL [LEVEL]]: the least urgent that is sent, then the most urgent it is sent as.
bool log_levels(Line& line, Words words, log::Target& target) {
    if (!line.arguments(words, 1, 3)) return false;
    const auto facility = index_of(facilities, words[0]);
    if (!facility) {
        line.alert("unknown log facility '" + words[0] + "'; use kern to local7");
        return false;
    }
    target.facility = *facility;
    for (std::size_t i = 1; i < words.size(); ++i) {
        const auto level = index_of(levels, words[i]);
        if (!level) {
            line.alert("unknown optional log level '" + words[i] + "'; use emerg to debug");
            return false;
        }
        (i == 1 ? target.most : target.least) = static_cast<log::Level>(*level);
    }
    return true;
}

std::optional<log::Target> parse_log(Line& line, Words words) {
    log::Target target;
    ++line.draft.log_lines.count;
    if (!line.arguments(words, 2, words.size()) || !log_address(line, words[0], target))
        return std::nullopt;
    bool has_length = false;
    std::size_t i = 1;
    for (; i + 1 < words.size(); i += 2) {
        if (words[i] != "len" && words[i] != "format" && words[i] != "sample") break;
        has_length = has_length || words[i] == "len";
        if (!log_option(line, words[i], words[i + 1], target)) return std::nullopt;
    }
    if (target.format == log::Format::json && !has_length) target.length = longest_json;
    if (!log_levels(line, words.subspan(i), target)) return std::nullopt;
    return target;
}

void log_global(Line& line, Words words) {
    if (const auto target = parse_log(line, words)) line.draft.global.logs.push_back(*target);
}

void log_proxy(Line& line, Words words) {
    LogLines& logs = line.proxy->logs;
    if (line.negated) {
        if (!line.arguments(words, 0, 0)) return;
        logs.global = false;
        logs.targets.clear();
    } else if (words.size() == 1 && words[0] == "global") {
        logs.global = true;
    } else if (const auto target = parse_log(line, words)) {
        logs.targets.push_back(*target);
    }
}

void tag_global(Line& line, Words words) {
    if (line.arguments(words, 1, 1)) line.draft.log_lines.tag = words[0];
}
void tag_proxy(Line& line, Words words) {
    if (line.arguments(words, 1, 1)) line.proxy->logs.tag = words[0];
}

void send_host(Line& line, Words words) {
    if (!line.arguments(words, 0, 1)) return;
    line.draft.log_lines.sends_host = true;
    line.draft.log_lines.host_name = words.empty() ? "" : words[0];
}

void text_of(Line& line, Words words, std::optional<FormatLine>& field) {
    if (words.empty() || words[0].empty()) return line.alert("expects an argument");
    if (words.size() > 1)
        return line.alert("expects only one argument, don't forget to escape spaces!");
    field = FormatLine{std::string(line.keyword), words[0], line.at};
}

// The last of these lines counts.
void log_format(Line& line, Words words) {
    LogLines& logs = line.proxy->logs;
    text_of(line, words, logs.format);
    logs.tcp = false;
    logs.web_option.clear();
}
void error_log_format(Line& line, Words words) {
    text_of(line, words, line.proxy->logs.error_format);
}
void log_format_sd(Line& line, Words words) {
    text_of(line, words, line.proxy->logs.structured_data);
}
void unique_id_format(Line& line, Words words) {
    text_of(line, words, line.proxy->logs.unique_id);
}
void log_option_line(Line& line, Words words) {
    LogLines& logs = line.proxy->logs;
    const bool is_web = line.keyword != "option tcplog";
    if (line.negated) return line.alert("negation is not supported for this option");
    if (!line.arguments(words, 0, is_web ? 1 : 0)) return;
    logs.tcp = true;
    logs.format.reset();
    logs.web_option = is_web ? std::string(line.keyword) : "";
    logs.web_option_at = line.at;
}

template <auto field, bool value>
void set_flag(Line& line, Words words) {
    if (line.arguments(words, 0, 0))
        line.proxy->front.session_log.*field = line.negated ? !value : value;
}
void log_health_checks(Line& line, Words words) {
    if (line.arguments(words, 0, 0)) line.proxy->back.log_health_checks = !line.negated;
}

constexpr Row rows[] = {
    {"log", in_global, honoured, log_global,
     "where log lines go: an address, a path, stdout, stderr, fd@N or journald; then len, format, "
     "sample, a facility and levels"},
    {"log", in_proxy, honoured, log_proxy, "the same of a section; 'global' for the global ones"},
    {"log-tag", in_global, honoured, tag_global, "program name in log lines"},
    {"log-tag", in_proxy, honoured, tag_proxy, "program name in log lines"},
    {"log-send-hostname", in_global, honoured, send_host,
     "the machine's name, or this, in log lines"},
    {"log-format", in_front, honoured, log_format, "the form of a session's line"},
    {"error-log-format", in_front, honoured, error_log_format,
     "the form of the line of a client that was no session"},
    {"log-format-sd", in_front, honoured, log_format_sd,
     "STRUCTURED-DATA of a session's line in RFC 5424's form"},
    {"unique-id-format", in_front, honoured, unique_id_format,
     "what %ID in the forms above stands for"},
    {"option tcplog", in_proxy, honoured, log_option_line,
     "a session's line is HAProxy's TCP line, when it ends"},
    {"option httplog", in_proxy, honoured, log_option_line,
     "in mode tcp the same as 'option tcplog'"},
    {"option httpslog", in_proxy, honoured, log_option_line,
     "in mode tcp the same as 'option tcplog'"},
    {"option dontlognull", in_front, honoured, set_flag<&SessionLog::empty_sessions, false>,
     "no log line for a session whose client sent nothing"},
    {"option dontlog-normal", in_front, honoured, set_flag<&SessionLog::normal_sessions, false>,
     "no log line for a session without any trouble"},
    {"option log-separate-errors", in_front, honoured, set_flag<&SessionLog::separate_errors, true>,
     "lines of sessions with trouble have the level err, not info"},
    {"option logasap", in_front, honoured, set_flag<&SessionLog::as_soon_as_possible, true>,
     "a session's line is written when it has its server, not at its end"},
    {"option log-health-checks", in_back, honoured, log_health_checks,
     "a log line when a check says anything new"},
};

}  // namespace

std::span<const Row> log_rows() {
    return rows;
}

}  // namespace pgsteer::config
