#include "base/log_frame.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <ctime>

namespace pgsteer::log {
namespace {

constexpr std::array<const char*, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                             "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

std::tm local_time(WallTime at) {
    const std::time_t whole = std::chrono::system_clock::to_time_t(at);
    std::tm local{};
    ::localtime_r(&whole, &local);
    return local;
}

// "Nov  6 23:26:39"
std::string bsd_date(WallTime at) {
    const std::tm local = local_time(at);
    return fmt::format("{} {:2} {:02}:{:02}:{:02}", months[static_cast<std::size_t>(local.tm_mon)],
                       local.tm_mday, local.tm_hour, local.tm_min, local.tm_sec);
}

std::string header(const Target& target, const Record& record, const Sender& sender) {
    const Level level = std::max(record.level, target.least);
    const int severity = static_cast<int>(level);
    const int priority = target.facility * 8 + severity;
    const std::string& host = target.host_name.empty() ? sender.host : target.host_name;
    switch (target.form()) {
        case Format::local:
            return fmt::format("<{}>{} {}[{}]: ", priority, bsd_date(sender.now), target.tag,
                               sender.pid);
        case Format::rfc3164:
            return fmt::format("<{}>{} {} {}[{}]: ", priority, bsd_date(sender.now), host,
                               target.tag, sender.pid);
        case Format::rfc5424:
            return fmt::format("<{}>1 {} {} {} {} - {} ", priority, iso_date(sender.now), host,
                               target.tag, sender.pid, record.structured);
        case Format::priority:
            return fmt::format("<{}>", priority);
        case Format::brief:
            return fmt::format("<{}>", severity);
        case Format::timed:
            return fmt::format("<{}>{} ", severity, iso_date(sender.now));
        case Format::iso:
            return iso_date(sender.now) + " ";
        case Format::raw:
        case Format::json:
            break;
    }
    return "";
}

// Bytes that strangers may have brought in must not end the line or steer a terminal.
void make_printable(std::string& text) {
    for (char& c : text)
        if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = ' ';
}

// Bytes that are not UTF-8 are no JSON, but nobody's names have them: they pass as they are.
std::string json_text(std::string_view text) {
    std::string quoted = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\')
            (quoted += '\\') += c;
        else if (static_cast<unsigned char>(c) < ' ' || c == '\x7f')
            quoted += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
        else
            quoted += c;
    }
    return quoted + '"';
}

std::string json(const Record& record, const Sender& sender, std::string_view message) {
    std::string line =
        fmt::format(R"({{"time":"{}","level":"{}","event":"{}","pid":{})", iso_date(sender.now),
                    word(record.level), record.event, sender.pid);
    for (const Field& field : record.fields)
        line += fmt::format(R"(,"{}":{})", field.key,
                            field.is_number ? field.text : json_text(field.text));
    if (!message.empty()) line += R"(,"message":)" + json_text(message);
    return line + "}";
}

std::string json_line(const Target& target, const Record& record, const Sender& sender) {
    std::string line = json(record, sender, record.text);
    if (line.size() <= target.length) return line;
    const std::size_t excess = line.size() - target.length;
    std::size_t kept = record.text.size() > excess ? record.text.size() - excess : 0;
    // Not in the middle of a character.
    while (kept > 0 && (static_cast<unsigned char>(record.text[kept]) & 0xc0) == 0x80)
        --kept;
    return json(record, sender, std::string_view(record.text).substr(0, kept));
}

}  // namespace

std::string clf_date(const std::tm& at) {
    return fmt::format("{:02}/{}/{}:{:02}:{:02}:{:02}", at.tm_mday,
                       months[static_cast<std::size_t>(at.tm_mon)], at.tm_year + 1900, at.tm_hour,
                       at.tm_min, at.tm_sec);
}

std::string iso_date(WallTime at) {
    const std::tm local = local_time(at);
    const auto micros =
        std::chrono::duration_cast<microseconds>(at.time_since_epoch()).count() % 1'000'000;
    const long minutes = local.tm_gmtoff / 60;
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}{}{:02}:{:02}",
                       local.tm_year + 1900, local.tm_mon + 1, local.tm_mday, local.tm_hour,
                       local.tm_min, local.tm_sec, micros, minutes < 0 ? '-' : '+',
                       std::labs(minutes) / 60, std::labs(minutes) % 60);
}

std::string frame(const Target& target, const Record& record, const Sender& sender) {
    if (target.format == Format::json) return json_line(target, record, sender) + "\n";
    std::string line = record.text;
    make_printable(line);
    line.insert(0, header(target, record, sender));
    if (line.size() > target.length) line.resize(target.length);
    return line + "\n";
}

std::vector<std::string> journal_fields(std::string_view tag, const Record& record) {
    std::string message = record.text;
    if (message.empty())
        for (const Field& field : record.fields)
            message += fmt::format("{}{}={}", message.empty() ? "" : " ", field.key, field.text);
    std::vector<std::string> fields{
        "MESSAGE=" + message, fmt::format("PRIORITY={}", static_cast<int>(record.level)),
        fmt::format("SYSLOG_IDENTIFIER={}", tag), fmt::format("PGSTEER_EVENT={}", record.event)};
    for (const Field& field : record.fields) {
        std::string name = "PGSTEER_";
        for (const char c : field.key)
            name += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        fields.push_back(name + "=" + field.text);
    }
    return fields;
}

}  // namespace pgsteer::log
