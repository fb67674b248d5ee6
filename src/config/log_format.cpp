#include "config/log_format.h"

#include <algorithm>
#include <cctype>
#include <optional>

#include "config/fetches.h"

namespace pgsteer::config {
namespace {

constexpr LogVariableRow rows[] = {
    {"o", LogVariable::flags},
    {"B", LogVariable::server_bytes, true},
    {"CC", LogVariable::web},
    {"CS", LogVariable::web},
    {"H", LogVariable::host_name},
    {"HM", LogVariable::web},
    {"HP", LogVariable::web},
    {"HPO", LogVariable::web},
    {"HQ", LogVariable::web},
    {"HU", LogVariable::web},
    {"HV", LogVariable::web},
    {"ID", LogVariable::unique_id, true},
    {"ST", LogVariable::status},
    {"T", LogVariable::date_utc},
    {"Ta", LogVariable::web},
    {"Tc", LogVariable::time_connect, true},
    {"Td", LogVariable::time_data, true},
    {"Th", LogVariable::time_handshake, true},
    {"Ti", LogVariable::web},
    {"Tl", LogVariable::date_local},
    {"Tq", LogVariable::web},
    {"TR", LogVariable::web},
    {"Tr", LogVariable::web},
    {"Ts", LogVariable::timestamp},
    {"Tt", LogVariable::time_total, true},
    {"Tu", LogVariable::time_active, true},
    {"Tw", LogVariable::time_waiting, true},
    {"U", LogVariable::client_bytes, true},
    {"ac", LogVariable::all_sessions, true},
    {"b", LogVariable::backend},
    {"bc", LogVariable::backend_sessions, true},
    {"bi", LogVariable::source_ip},
    {"bp", LogVariable::source_port},
    {"bq", LogVariable::backend_queue, true},
    {"ci", LogVariable::client_ip},
    {"cp", LogVariable::client_port},
    {"f", LogVariable::frontend},
    {"fc", LogVariable::frontend_sessions, true},
    {"fi", LogVariable::frontend_ip},
    {"fp", LogVariable::frontend_port},
    {"ft", LogVariable::frontend_transport},
    {"hr", LogVariable::captures},
    {"hrl", LogVariable::captures_list},
    {"hs", LogVariable::no_captures},
    {"hsl", LogVariable::no_captures},
    {"lc", LogVariable::log_counter},
    {"ms", LogVariable::milliseconds},
    {"pid", LogVariable::process},
    {"r", LogVariable::web},
    {"rc", LogVariable::retries, true},
    {"rt", LogVariable::request_counter},
    {"s", LogVariable::server},
    {"sc", LogVariable::server_sessions, true},
    {"si", LogVariable::server_ip},
    {"sp", LogVariable::server_port},
    {"sq", LogVariable::server_queue, true},
    {"sslc", LogVariable::tls_cipher},
    {"sslv", LogVariable::tls_version},
    {"t", LogVariable::date},
    {"tr", LogVariable::web},
    {"trg", LogVariable::web},
    {"trl", LogVariable::web},
    {"ts", LogVariable::termination, true},
    {"tsc", LogVariable::termination_cookies},
};

bool is_letter(char c) {
    return std::isalpha(static_cast<unsigned char>(c)) != 0;
}
bool is_digit(char c) {
    return std::isdigit(static_cast<unsigned char>(c)) != 0;
}

// "+Q,-E": as HAProxy reads it, what it does not know changes nothing.
LogFlags changed(LogFlags flags, std::string_view words) {
    std::optional<bool> on;
    std::string_view name;
    const auto apply = [&] {
        if (!on) return;
        if (name == "Q") flags.quote = *on;
        if (name == "X") flags.hex = *on;
        if (name == "E") flags.escape = *on;
        if (name == "M") flags.mandatory = *on;
        on.reset();
    };
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (words[i] == '+' || words[i] == '-') {
            on = words[i] == '+';
            name = words.substr(i + 1, words.find(',', i + 1) - i - 1);
        } else if (words[i] == ',') {
            apply();
        }
    }
    apply();
    return flags;
}

// Where the expression that begins here ends: the first ']' outside of parentheses and quotes.
std::optional<std::size_t> end_of_sample(std::string_view text) {
    bool inside = false;
    char quote = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quote != 0) {
            if (c == '\\' && quote == '"') ++i;
            if (c == quote) quote = 0;
        } else if (inside && c == '\\') {
            ++i;
        } else if (inside && (c == '"' || c == '\'')) {
            quote = c;
        } else if (c == '(') {
            inside = true;
        } else if (c == ')') {
            inside = false;
        } else if (c == ']' && !inside) {
            return i;
        }
    }
    return std::nullopt;
}

// Within parentheses quotes and backslashes protect what is between them, and go away.
std::string without_quotes(std::string_view text) {
    std::string plain;
    bool inside = false;
    char quote = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const bool escapes = inside && c == '\\' && quote != '\'' && i + 1 < text.size();
        if (quote == 0 && (c == '(' || c == ')')) inside = c == '(';
        if (escapes)
            plain += text[++i];
        else if (inside && quote == 0 && (c == '"' || c == '\''))
            quote = c;
        else if (quote != 0 && c == quote)
            quote = 0;
        else
            plain += c;
    }
    return plain;
}

class Parser {
  public:
    explicit Parser(std::string_view text) : text_(text) {}

    Result<LogFormat> run() {
        while (at_ < text_.size()) {
            if (text_[at_] == '%') {
                if (const auto error = percent()) return *error;
            } else if (text_[at_] == ' ') {
                format_.pieces.push_back({.kind = LogPiece::Kind::space, .text = " "});
                ++at_;
            } else {
                add_text(text_[at_++]);
            }
        }
        return std::move(format_);
    }

  private:
    using Trouble = std::optional<Error>;

    void add_text(char c) {
        auto& pieces = format_.pieces;
        if (pieces.empty() || pieces.back().kind != LogPiece::Kind::text)
            pieces.push_back({.kind = LogPiece::Kind::text});
        pieces.back().text += c;
    }

    // At a '%'.
    Trouble percent() {
        const std::size_t next = at_ + 1;
        if (next == text_.size()) return Error{"truncated line after '%'"};
        const char c = text_[next];
        if (c == '{') return with_flags(next + 1);
        if (c == '[') return sample(next + 1, flags_);
        if (is_letter(c)) return variable(next, flags_);
        if (is_digit(c) || c == ' ' || c == '\t')
            return Error{std::string("unexpected variable name near '") + c + "' at position " +
                         std::to_string(next) + " line : '" + std::string(text_) +
                         "'. Maybe you want to write a single '%', use the syntax '%%'"};
        add_text(c);
        at_ = next + 1;
        return std::nullopt;
    }

    Trouble with_flags(std::size_t begin) {
        const std::size_t end = text_.find('}', begin);
        const std::string words(text_.substr(begin, end - begin));
        if (end == std::string_view::npos) return Error{"truncated line after '" + words + "'"};
        const LogFlags flags = changed(flags_, words);
        const char c = end + 1 < text_.size() ? text_[end + 1] : '\0';
        if (c == '[') return sample(end + 2, flags);
        if (is_letter(c) || is_digit(c)) return variable(end + 1, flags);
        return Error{"parse argument modifier without variable name near '%{" + words + "}'"};
    }

    Trouble variable(std::size_t begin, LogFlags flags) {
        std::size_t end = begin;
        while (end < text_.size() && (is_letter(text_[end]) || is_digit(text_[end])))
            ++end;
        const std::string name(text_.substr(begin, end - begin));
        const auto row = std::find_if(std::begin(rows), std::end(rows),
                                      [&](const LogVariableRow& one) { return one.name == name; });
        if (row == std::end(rows))
            return Error{"no such format variable '" + name +
                         "'. If you wanted to emit the '%' character verbatim, you need to use "
                         "'%%'"};
        if (row->variable == LogVariable::web)
            return Error{"format variable '" + name + "' is reserved for HTTP mode"};
        if (row->variable == LogVariable::flags)
            flags_ = flags;
        else
            format_.pieces.push_back({.kind = LogPiece::Kind::variable,
                                      .text = name,
                                      .variable = row->variable,
                                      .flags = flags});
        at_ = end;
        return std::nullopt;
    }

    Trouble sample(std::size_t begin, LogFlags flags) {
        const auto length = end_of_sample(text_.substr(begin));
        if (!length) return Error{"missing ']' after '" + std::string(text_.substr(begin)) + "'"};
        const std::string text(text_.substr(begin, *length));
        const auto parsed = parse_sample(without_quotes(text));
        if (!parsed)
            return Error{"failed to parse sample expression <" + text +
                         "> : " + parsed.error().text};
        if (parsed->row->layer == Layer::content)
            return Error{"sample fetch <" + text +
                         "> may not be reliably used here because it needs 'request buffer' which "
                         "is not available here"};
        format_.pieces.push_back({.kind = LogPiece::Kind::sample,
                                  .text = text,
                                  .sample = parsed->sample,
                                  .flags = flags});
        at_ = begin + *length + 1;
        return std::nullopt;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    LogFlags flags_;
    LogFormat format_;
};

}  // namespace

std::span<const LogVariableRow> log_variables() {
    return rows;
}

bool LogFormat::shows(std::span<const LogVariable> any_of) const {
    return std::any_of(pieces.begin(), pieces.end(), [&](const LogPiece& piece) {
        return piece.kind == LogPiece::Kind::variable &&
               std::find(any_of.begin(), any_of.end(), piece.variable) != any_of.end();
    });
}

bool LogFormat::shows_end() const {
    return std::any_of(pieces.begin(), pieces.end(), [](const LogPiece& piece) {
        return piece.kind == LogPiece::Kind::variable &&
               std::any_of(std::begin(rows), std::end(rows), [&](const LogVariableRow& row) {
                   return row.variable == piece.variable && row.at_end;
               });
    });
}

Result<LogFormat> parse_log_format(std::string_view text) {
    return Parser(text).run();
}

}  // namespace pgsteer::config
