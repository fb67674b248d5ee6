#include "config/conditions.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

namespace pgsteer::config {
namespace {

// The dialect read here, for version_atleast() and version_before(): HAProxy 2.6.
constexpr std::array<unsigned, 3> dialect = {2, 6, 0};
constexpr unsigned deepest = 32;  // parentheses and '!' in one another

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_word(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || c == '_';
}

std::array<unsigned, 3> version(std::string_view text) {
    std::array<unsigned, 3> parts = {};
    for (auto& part : parts) {
        const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), part);
        if (failed != std::errc{}) break;
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        if (!text.starts_with('.')) break;
        text.remove_prefix(1);
    }
    return parts;
}

class Condition {
  public:
    Condition(std::string_view text, const Environment& environment)
        : rest_(text), environment_(environment) {}

    Result<bool> run() {
        blanks();
        if (rest_.empty()) return false;
        const bool value = any_of(0);
        blanks();
        if (failed_ || !rest_.empty())
            return Error{"unparsable conditional expression at '" + std::string(rest_) + "'"};
        return value;
    }

  private:
    void blanks() {
        while (rest_.starts_with(' ') || rest_.starts_with('\t'))
            rest_.remove_prefix(1);
    }
    bool take(std::string_view token) {
        blanks();
        if (!rest_.starts_with(token)) return false;
        rest_.remove_prefix(token.size());
        return true;
    }

    // Every part is read whatever the others say, so that each is checked.
    bool any_of(unsigned depth) {
        bool value = all_of(depth);
        while (!failed_ && take("||"))
            value = all_of(depth) || value;
        return value;
    }
    bool all_of(unsigned depth) {
        bool value = term(depth);
        while (!failed_ && take("&&"))
            value = term(depth) && value;
        return value;
    }

    bool term(unsigned depth) {
        if (depth > deepest) return fail();
        if (take("!")) return !term(depth + 1);
        if (take("(")) {
            const bool value = any_of(depth + 1);
            return take(")") ? value : fail();
        }
        if (!rest_.empty() && is_digit(rest_.front())) return number();
        return predicate();
    }

    bool number() {
        bool value = false;
        while (!rest_.empty() && is_digit(rest_.front())) {
            value = value || rest_.front() != '0';
            rest_.remove_prefix(1);
        }
        return value;
    }

    bool predicate() {
        std::size_t length = 0;
        while (length < rest_.size() && is_word(rest_[length]))
            ++length;
        const auto name = rest_.substr(0, length);
        const auto close = rest_.find(')');
        if (length == 0 || close == std::string_view::npos || rest_[length] != '(') return fail();
        const auto arguments = split(rest_.substr(length + 1, close - length - 1));
        const std::size_t wanted = name == "streq" || name == "strneq" ? 2 : 1;
        if (arguments.size() != wanted) return fail();
        rest_.remove_prefix(close + 1);
        if (name == "defined") return environment_ && environment_(arguments[0]).has_value();
        if (name == "feature") return false;  // pgsteer has none of HAProxy's build features
        if (name == "streq") return arguments[0] == arguments[1];
        if (name == "strneq") return arguments[0] != arguments[1];
        if (name == "version_atleast") return dialect >= version(arguments[0]);
        if (name == "version_before") return dialect < version(arguments[0]);
        return fail();
    }

    static std::vector<std::string> split(std::string_view text) {
        std::vector<std::string> parts(1);
        for (const char c : text) {
            if (c == ',')
                parts.emplace_back();
            else if (c != '"' && c != '\'')
                parts.back() += c;
        }
        return parts;
    }

    bool fail() {
        failed_ = true;
        return false;
    }

    std::string_view rest_;
    const Environment& environment_;
    bool failed_ = false;
};

}  // namespace

Result<bool> holds(std::string_view condition, const Environment& environment) {
    return Condition(condition, environment).run();
}

}  // namespace pgsteer::config
