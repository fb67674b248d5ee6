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

Result<Shared<LogFormat>> parse_once(Draft& draft, const std::string& text) {
    const auto known = draft.log_formats.find(text);
    if (known != draft.log_formats.end()) return known->second;
    auto format = parse_log_format(text);
    if (!format) return format.error();
    return draft.log_formats.emplace(text, std::move(*format)).first->second;
}

std::optional<Shared<LogFormat>> format_of(Draft& draft, const Proxy& proxy,
                                           const std::optional<FormatLine>& line) {
    if (!line) return std::nullopt;
    auto format = parse_once(draft, line->text);
    if (!format) {
        complain(draft, *line, format.error().text);
        return std::nullopt;
    }
    for (const LogPiece& piece : (*format)->pieces)
        if (piece.kind == LogPiece::Kind::sample &&
            !names_something(draft, proxy, piece.sample, line->keyword, line->at))
            return std::nullopt;
    return std::move(*format);
}

// %ID becomes what it stands for.
void put_unique_id(LogFormat& format, const LogFormat& unique_id) {
    std::vector<LogPiece> pieces;
    for (LogPiece& piece : format.pieces) {
        const bool is_it =
            piece.kind == LogPiece::Kind::variable && piece.variable == LogVariable::unique_id;
        if (!is_it) {
            pieces.push_back(std::move(piece));
            continue;
        }
        const LogPiece quote{LogPiece::Kind::text, "\""};
        if (piece.flags.quote) pieces.push_back(quote);
        // A text of its own: HAProxy merges its spaces, and drops those it begins with.
        bool after_space = true;
        for (LogPiece part : unique_id.pieces) {
            const bool is_space = part.kind == LogPiece::Kind::space;
            if (is_space && after_space) continue;
            if (part.kind != LogPiece::Kind::variable || part.variable != LogVariable::flags)
                after_space = is_space;
            if (is_space) part.kind = LogPiece::Kind::text;
            pieces.push_back(std::move(part));
        }
        if (piece.flags.quote) pieces.push_back(quote);
    }
    format.pieces = std::move(pieces);
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
        log.format = parse_once(draft, std::string(tcp_log_format)).value();
    log.error_format = format_of(draft, proxy, lines.error_format);
    log.structured_data = format_of(draft, proxy, lines.structured_data);
    if (const auto unique_id = format_of(draft, proxy, lines.unique_id)) {
        put_unique_id(log.format.change(), **unique_id);
        if (log.error_format) put_unique_id(log.error_format->change(), **unique_id);
        if (log.structured_data) put_unique_id(log.structured_data->change(), **unique_id);
    }
    return log;
}

}  // namespace pgsteer::config
