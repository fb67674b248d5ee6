#include "health/expectation.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "base/hexadecimal.h"
#include "base/log.h"
#include "base/units.h"
#include "health/check_text.h"

namespace pgsteer::health {
namespace {

using config::CheckStatus;
using Kind = config::Expect::Kind;
using How = config::TextMatch::How;

// "200", "200-299,301": numbers and ranges.
bool status_matches(std::string_view pattern, int status) {
    while (!pattern.empty()) {
        const std::size_t comma = pattern.find(',');
        const std::string_view part = pattern.substr(0, comma);
        const std::size_t dash = part.find('-');
        const auto low = parse_integer(part.substr(0, dash), 0, 999);
        const auto high = dash == part.npos ? low : parse_integer(part.substr(dash + 1), 0, 999);
        if (low && high && status >= *low && status <= *high) return true;
        if (comma == pattern.npos) break;
        pattern.remove_prefix(comma + 1);
    }
    return false;
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

// The field M of an ErrorResponse (PostgreSQL 15 manual, 55.7 and 55.8); HAProxy shows 'FATAL'.
std::string postgres_message(std::string_view packet) {
    constexpr std::size_t head = 5;
    std::string severity;
    std::string message;
    for (packet.remove_prefix(std::min(head, packet.size())); !packet.empty() && packet[0] != 0;) {
        const auto end = packet.find('\0', 1);
        const std::string value(packet.substr(1, end == packet.npos ? end : end - 1));
        if (packet[0] == 'S') severity = value;
        if (packet[0] == 'M') message = value;
        packet.remove_prefix(end == packet.npos ? packet.size() : end + 1);
    }
    return message.empty() ? severity : severity + ": " + message;
}

bool is_body(Kind kind) {
    return kind == Kind::string || kind == Kind::rstring;
}

std::string_view trim(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace

Expectation::Expectation(const config::Expect& expect)
    : expect_(expect), wanted_(text_of(expect.pattern, {})) {
    if (expect.kind == Kind::rstatus || expect.kind == Kind::rstring ||
        expect.kind == Kind::rbinary)
        pattern_ = compile(expect.pattern);
    if (expect.header_name.how == How::regex) header_name_ = compile(expect.header_name.pattern);
    if (expect.header_value.how == How::regex) header_value_ = compile(expect.header_value.pattern);
}

std::optional<Pattern> Expectation::compile(const config::Format& expression) const {
    auto pattern = Pattern::compile(text_of(expression, {}));
    if (pattern) return std::move(*pattern);
    log::alert("[{}] {}", expect_.note.at.text(), pattern.error().text);
    return std::nullopt;
}

// An expression that cannot be used (the loader refuses such a file) or takes too long never makes
// a server fit.
bool Expectation::search(const std::optional<Pattern>& pattern, std::string_view text) const {
    if (!pattern) return expect_.negate;
    return pattern->found_in(text).value_or(expect_.negate);
}

Expectation::Finding Expectation::find(std::string_view received, bool all) const {
    const bool too_short = (expect_.kind == Kind::string || expect_.kind == Kind::binary)
                               ? received.size() < wanted_.size()
                               : false;
    if (!all && (too_short || received.size() < expect_.min_recv.value_or(0)))
        return Finding::undecided;
    const bool matched = matches_bytes(received);
    // Without a minimum the match may still come.
    if (!matched && !all && !expect_.min_recv) return Finding::undecided;
    return matched != expect_.negate ? Finding::met : Finding::unmet;
}

bool Expectation::matches_bytes(std::string_view received) const {
    if (expect_.kind == Kind::rstring) return search(pattern_, received);
    if (expect_.kind == Kind::rbinary) return search(pattern_, hexadecimal(received));
    return received.find(wanted_) != std::string_view::npos;
}

Expectation::Finding Expectation::find(const HttpAnswer& answer) const {
    // Nothing to look at satisfies neither a rule nor its negation, as in HAProxy.
    if (is_body(expect_.kind) && answer.body.empty())
        return answer.unfinished ? Finding::undecided : Finding::unmet;
    const bool matched = matches_answer(answer);
    if (is_body(expect_.kind) && !matched && answer.unfinished &&
        answer.body.size() < expect_.min_recv.value_or(answer.body.size() + 1))
        return Finding::undecided;
    return matched != expect_.negate ? Finding::met : Finding::unmet;
}

bool Expectation::matches_answer(const HttpAnswer& answer) const {
    switch (expect_.kind) {
        case Kind::status:
            return status_matches(wanted_, answer.status);
        case Kind::rstatus:
            return search(pattern_, std::to_string(answer.status));
        case Kind::rstring:
            return search(pattern_, answer.body);
        case Kind::header:
            return matches_header(answer);
        default:
            return answer.body.find(wanted_) != std::string::npos;
    }
}

bool Expectation::holds(const config::TextMatch& match, const std::optional<Pattern>& pattern,
                        std::string_view text, bool any_case) const {
    if (match.how == How::none) return true;
    if (match.how == How::regex) return search(pattern, text);
    const std::string known = any_case ? lower(text) : std::string(text);
    const std::string plain = text_of(match.pattern, {});
    const std::string wanted = any_case ? lower(plain) : plain;
    if (match.how == How::begin) return known.starts_with(wanted);
    if (match.how == How::end) return known.ends_with(wanted);
    if (match.how == How::part) return known.find(wanted) != std::string::npos;
    return known == wanted;
}

bool Expectation::matches_header(const HttpAnswer& answer) const {
    const bool whole = expect_.full_header || expect_.header_value.how == How::none;
    for (const auto& [name, value] : answer.headers) {
        if (!holds(expect_.header_name, header_name_, name, true)) continue;
        std::string_view rest = value;
        for (bool more = true; more;) {
            const auto comma = whole ? std::string_view::npos : rest.find(',');
            if (holds(expect_.header_value, header_value_, trim(rest.substr(0, comma)), false))
                return true;
            more = comma != std::string_view::npos;
            if (more) rest.remove_prefix(comma + 1);
        }
    }
    return false;
}

std::string Expectation::with_comment(std::string info) const {
    if (expect_.note.comment.empty()) return info;
    return info + " comment: " + expect_.note.comment;
}

int Expectation::code_of(std::string_view received) const {
    constexpr std::int64_t largest = 999'999;
    const auto code = parse_integer(text_of(expect_.status_code, received), 0, largest);
    return code ? static_cast<int>(*code) : 0;
}

// tcpcheck_expect_onerror_message.
ScriptEnd Expectation::unmet(std::string_view received, bool tells_steps) const {
    ScriptEnd end;
    end.status = expect_.error_status == CheckStatus::unknown ? CheckStatus::l7_invalid
                                                              : expect_.error_status;
    end.code = code_of(received);
    if (expect_.postgres_error)
        end.info = postgres_message(received);
    else if (!expect_.on_error.empty())
        end.info = text_of(expect_.on_error, received);
    else if (tells_steps) {
        end.info =
            expect_.negate ? "TCPCHK matched unwanted content" : "TCPCHK did not match content";
        if (expect_.kind == Kind::string) end.info += fmt::format(" '{}'", wanted_);
        if (expect_.kind == Kind::binary) end.info += " (binary)";
        if (expect_.kind == Kind::rstring) end.info += " (regex)";
        if (expect_.kind == Kind::rbinary) end.info += " (binary regex)";
        end.info += fmt::format(" at step {}", expect_.note.number);
    }
    end.info = with_comment(std::move(end.info));
    return end;
}

ScriptEnd Expectation::unmet(const HttpAnswer& answer) const {
    ScriptEnd end;
    const auto usual = is_body(expect_.kind) ? CheckStatus::l7_invalid : CheckStatus::l7_wrong;
    end.status = expect_.error_status == CheckStatus::unknown ? usual : expect_.error_status;
    end.code = expect_.status_code.empty() ? answer.status : code_of(answer.body);
    if (!expect_.on_error.empty())
        end.info = text_of(expect_.on_error, answer.body);
    else if (!is_body(expect_.kind))
        end.info = answer.reason;
    else if (answer.body.empty())
        end.info = "HTTP content check could not find a response body";
    else
        end.info = expect_.negate ? "HTTP check matched unwanted content"
                                  : "HTTP content check did not match";
    end.info = with_comment(std::move(end.info));
    return end;
}

// tcpcheck_expect_onsuccess_message.
ScriptEnd Expectation::met(std::string_view received, bool tells_steps) const {
    ScriptEnd end;
    end.status = expect_.ok_status == CheckStatus::unknown ? CheckStatus::l7_ok : expect_.ok_status;
    end.code = code_of(received);
    end.info = text_of(expect_.on_success, received);
    if (end.info.empty() && tells_steps) end.info = "(tcp-check)";
    return end;
}

ScriptEnd Expectation::met(const HttpAnswer& answer) const {
    ScriptEnd end = met(answer.body, false);
    if (expect_.status_code.empty()) end.code = answer.status;
    if (!end.info.empty()) return end;
    end.info = answer.reason;
    end.tells_info = false;
    return end;
}

ScriptEnd Expectation::empty() const {
    const auto status = expect_.error_status == CheckStatus::unknown ? CheckStatus::l7_invalid
                                                                     : expect_.error_status;
    std::string info = fmt::format("TCPCHK got an empty response at step {}", expect_.note.number);
    if (!expect_.note.comment.empty()) info += " comment: '" + expect_.note.comment + "'";
    return {status, 0, info};
}

ScriptEnd Expectation::late(const std::string& info) const {
    const auto status = expect_.timeout_status == CheckStatus::unknown ? CheckStatus::l7_timeout
                                                                       : expect_.timeout_status;
    return {status, 0, info};
}

}  // namespace pgsteer::health
