// What the lines about logs of a section come to.
#include <algorithm>

#include "config/keywords.h"

namespace pgsteer::config {
namespace {

// One format of `defaults` serves many sections: its mistake is told once.
void complain(Draft& draft, const FormatLine& line, const std::string& why) {
    const std::string text =
        "'" + line.keyword + "' : failed to parse " + line.keyword + " : " + why;
    const bool is_told = std::any_of(
        draft.diagnostics.begin(), draft.diagnostics.end(), [&](const Diagnostic& diagnostic) {
            return diagnostic.at.line == line.at.line && diagnostic.at.file == line.at.file &&
                   diagnostic.severity == Severity::alert;
        });
    if (!is_told) draft.alert(line.at, text);
}

std::optional<LogFormat> format_of(Draft& draft, const Proxy& proxy,
                                   const std::optional<FormatLine>& line) {
    if (!line) return std::nullopt;
    auto format = parse_log_format(line->text);
    if (!format) {
        complain(draft, *line, format.error().text);
        return std::nullopt;
    }
    for (const LogPiece& piece : format->pieces)
        if (piece.kind == LogPiece::Kind::sample &&
            !names_something(draft, proxy, piece.sample, line->keyword, line->at))
            return std::nullopt;
    return std::move(*format);
}

}  // namespace

void settle(log::Target& target, const Draft& draft, const std::optional<std::string>& tag) {
    target.tag = tag.value_or(draft.log_lines.tag);
    target.sends_host = draft.log_lines.sends_host;
    target.host_name = draft.log_lines.host_name;
}

std::vector<log::Target> logs_of(const Draft& draft, const Proxy& proxy) {
    std::vector<log::Target> logs;
    if (proxy.logs.global) logs = draft.global.logs;
    logs.insert(logs.end(), proxy.logs.targets.begin(), proxy.logs.targets.end());
    for (auto& target : logs)
        settle(target, draft, proxy.logs.tag);
    return logs;
}

SessionLog session_log_of(Draft& draft, const Proxy& proxy) {
    SessionLog log = proxy.front.session_log;
    if (proxy.http_mode) return log;
    const LogLines& lines = proxy.logs;
    if (!lines.web_option.empty())
        draft.warning(lines.web_option_at,
                      "'" + lines.web_option + "' not usable with proxy '" + proxy.name +
                          "' (needs 'mode http'). Falling back to 'option tcplog'.");
    if (lines.tcp) log.style = SessionLog::Style::tcp;
    if (auto format = format_of(draft, proxy, lines.format)) {
        log.style = SessionLog::Style::custom;
        log.format = std::move(*format);
    }
    if (log.style != SessionLog::Style::custom)
        log.format = parse_log_format(tcp_log_format).value();
    log.error_format = format_of(draft, proxy, lines.error_format);
    log.structured_data = format_of(draft, proxy, lines.structured_data);
    return log;
}

}  // namespace pgsteer::config
