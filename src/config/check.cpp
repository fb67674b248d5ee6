#include "config/check.h"

#include <algorithm>
#include <array>

namespace pgsteer::config {
namespace {

using What = FormatPart::What;

struct Row {
    CheckStatus status;
    std::string_view word;
    std::string_view words;
    bool passes;
};

// get_check_status_info and get_check_status_description of HAProxy's src/check.c.
constexpr std::array<Row, 16> rows{{
    {CheckStatus::unknown, "UNK", "Unknown", false},
    {CheckStatus::socket_error, "SOCKERR", "Socket error", false},
    {CheckStatus::l4_ok, "L4OK", "Layer4 check passed", true},
    {CheckStatus::l4_timeout, "L4TOUT", "Layer4 timeout", false},
    {CheckStatus::l4_failed, "L4CON", "Layer4 connection problem", false},
    {CheckStatus::l6_ok, "L6OK", "Layer6 check passed", true},
    {CheckStatus::l6_timeout, "L6TOUT", "Layer6 timeout", false},
    {CheckStatus::l6_failed, "L6RSP", "Layer6 invalid response", false},
    {CheckStatus::l7_timeout, "L7TOUT", "Layer7 timeout", false},
    {CheckStatus::l7_invalid, "L7RSP", "Layer7 invalid response", false},
    {CheckStatus::l7_ok, "L7OK", "Layer7 check passed", true},
    {CheckStatus::l7_conditional, "L7OKC", "Layer7 check conditionally passed", true},
    {CheckStatus::l7_wrong, "L7STS", "Layer7 wrong status", false},
    {CheckStatus::program_failed, "PROCERR", "External check error", false},
    {CheckStatus::program_timeout, "PROCTOUT", "External check timeout", false},
    {CheckStatus::program_ok, "PROCOK", "External check passed", true},
}};

const Row& row_of(CheckStatus status) {
    const auto found = std::find_if(rows.begin(), rows.end(),
                                    [&](const Row& row) { return row.status == status; });
    return found == rows.end() ? rows[0] : *found;
}

int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace

std::string_view word(CheckStatus status) {
    return row_of(status).word;
}

std::string_view words(CheckStatus status) {
    return row_of(status).words;
}

bool passes(CheckStatus status) {
    return row_of(status).passes;
}

std::optional<CheckStatus> check_status(std::string_view word) {
    for (const Row& row : rows)
        if (row.word == word && row.status != CheckStatus::unknown) return row.status;
    return std::nullopt;
}

Format plain(std::string text) {
    if (text.empty()) return {};
    return {FormatPart{What::text, std::move(text), 0, 0}};
}

std::optional<std::string> constant(const Format& format) {
    std::string text;
    for (const FormatPart& part : format) {
        if (part.what != What::text) return std::nullopt;
        text += part.text;
    }
    return text;
}

std::optional<std::string> from_hexadecimal(std::string_view digits) {
    if (digits.size() % 2 != 0) return std::nullopt;
    std::string bytes;
    for (std::size_t i = 0; i < digits.size(); i += 2) {
        const int high = digit(digits[i]);
        const int low = digit(digits[i + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        bytes += static_cast<char>(high * 16 + low);
    }
    return bytes;
}

}  // namespace pgsteer::config
