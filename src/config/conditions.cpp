#include "config/conditions.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <vector>

#include "config/versions.h"

namespace pgsteer::config {
namespace {

constexpr unsigned deepest = 1024;  // parts in one another: HAProxy's MAX_CFG_RECURSION

// Of HAProxy's build features (`haproxy -vv`) those that a file can count on here.
constexpr std::array<std::string_view, 9> features = {
    "ACCEPT4", "EPOLL", "GETADDRINFO", "NS", "OPENSSL", "PCRE2", "PROMEX", "SYSTEMD", "THREAD"};

using Arguments = std::vector<std::string>;

struct Predicate {
    std::string_view name;
    std::size_t least = 0;  // arguments
    std::size_t most = 1;
    bool (*holds)(const Arguments& arguments, const Environment& environment) = nullptr;
};

// A missing argument is an empty one, as there.
const std::string& first(const Arguments& arguments) {
    static const std::string none;
    return arguments.empty() ? none : arguments[0];
}

constexpr Predicate predicates[] = {
    {"defined", 0, 1,
     [](const Arguments& all, const Environment& environment) {
         return environment && environment(first(all)).has_value();
     }},
    {"feature", 0, 1,
     [](const Arguments& all, const Environment&) {
         return std::find(features.begin(), features.end(), first(all)) != features.end();
     }},
    {"streq", 2, 2, [](const Arguments& all, const Environment&) { return all[0] == all[1]; }},
    {"strneq", 2, 2, [](const Arguments& all, const Environment&) { return all[0] != all[1]; }},
    {"version_atleast", 0, 1,
     [](const Arguments& all, const Environment&) { return dialect >= read_version(first(all)); }},
    {"version_before", 0, 1,
     [](const Arguments& all, const Environment&) { return dialect < read_version(first(all)); }},
    {"openssl_version_atleast", 0, 1,
     [](const Arguments& all, const Environment&) {
         return openssl_version() >= read_openssl_version(first(all));
     }},
    {"openssl_version_before", 0, 1,
     [](const Arguments& all, const Environment&) {
         return openssl_version() < read_openssl_version(first(all));
     }},
    {"ssllib_name_startswith", 0, 1,
     [](const Arguments& all, const Environment&) {
         return std::string_view("OpenSSL").starts_with(first(all));
     }},
};

// The predicate that the text begins with; a blank or a parenthesis ends its name.
const Predicate* predicate_at(std::string_view text) {
    const auto name = text.substr(0, text.find_first_of(" \t()&|!"));
    const auto* const found = std::find_if(std::begin(predicates), std::end(predicates),
                                           [&](const auto& one) { return one.name == name; });
    return found == std::end(predicates) ? nullptr : found;
}

// "A,B)" behind the opening parenthesis, with quotes and backslashes as arg.c undoes them.
class ArgumentList {
  public:
    explicit ArgumentList(std::string_view& rest) : rest_(rest) {}

    // False when there is no closing parenthesis.
    bool read(Arguments& arguments) {
        if (take(')')) return true;
        while (true) {
            arguments.push_back(one());
            if (take(',')) continue;
            return take(')');
        }
    }

  private:
    bool take(char c) {
        if (!rest_.starts_with(c)) return false;
        rest_.remove_prefix(1);
        return true;
    }

    std::string one() {
        std::string text;
        char quote = '\0';
        while (!rest_.empty()) {
            const char c = rest_.front();
            if (quote == '\0' && (c == ',' || c == ')')) break;
            rest_.remove_prefix(1);
            if (c == quote)
                quote = '\0';
            else if (quote == '\0' && (c == '"' || c == '\''))
                quote = c;
            else
                text += c == '\\' && quote != '\'' ? escaped() : c;
        }
        return text;
    }

    char escaped() {
        constexpr std::string_view written = "\\ \"'rnt";
        constexpr std::string_view meant = "\\ \"'\r\n\t";
        const auto at = rest_.empty() ? std::string_view::npos : written.find(rest_.front());
        if (at == std::string_view::npos) return '\\';
        rest_.remove_prefix(1);
        return meant[at];
    }

    std::string_view& rest_;
};

class Condition {
  public:
    Condition(std::string_view text, const Environment& environment)
        : rest_(text), environment_(environment) {}

    Result<bool> run() {
        if (blanks(); rest_.empty()) return false;
        const bool value = any_of(0);
        if (error_.empty() && (blanks(), !rest_.empty()))
            fail("unexpected character '" + std::string(rest_.substr(0, 1)) +
                 "' at the end of conditional expression");
        if (!error_.empty()) return Error{error_};
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
        while (error_.empty() && take("||"))
            value = all_of(depth) || value;
        return value;
    }
    bool all_of(unsigned depth) {
        bool value = term(depth);
        while (error_.empty() && take("&&"))
            value = term(depth) && value;
        return value;
    }

    bool term(unsigned depth) {
        if (depth > deepest)
            return fail("more than " + std::to_string(deepest) + " parentheses in one another");
        bool negated = false;
        while (take("!"))
            negated = !negated;
        return part(depth) != negated;
    }

    bool part(unsigned depth) {
        if (take("(")) {
            const bool value = any_of(depth + 1);
            if (error_.empty() && !take(")"))
                return fail("expected ')' after conditional expression");
            return value;
        }
        if (const auto value = number()) return *value;
        if (const Predicate* const found = predicate_at(rest_)) return ask(*found);
        return fail("unparsable conditional expression '" + std::string(rest_) + "'");
    }

    // As strtol() reads it: decimal, octal after 0, hexadecimal after 0x.
    std::optional<bool> number() {
        std::string_view digits = rest_;
        if (digits.starts_with('+') || digits.starts_with('-')) digits.remove_prefix(1);
        int base = 10;
        if (digits.starts_with("0x") || digits.starts_with("0X")) {
            base = 16;
            digits.remove_prefix(2);
        } else if (digits.starts_with('0')) {
            base = 8;
        }
        unsigned long long value = 0;
        const auto [end, failed] =
            std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
        if (end == digits.data()) return std::nullopt;
        rest_ = digits.substr(static_cast<std::size_t>(end - digits.data()));
        return value != 0 || failed != std::errc{};  // out of range is far from zero
    }

    bool ask(const Predicate& predicate) {
        const std::string name(predicate.name);
        rest_.remove_prefix(name.size());
        Arguments arguments;
        if (take("(") && !ArgumentList(rest_).read(arguments))
            return fail("expected ')' after the arguments of '" + name + "'");
        if (arguments.size() < predicate.least)
            return fail("missing arguments (got " + std::to_string(arguments.size()) + "/" +
                        std::to_string(predicate.least) + ") of predicate '" + name + "'");
        if (arguments.size() > predicate.most)
            return fail("expected ')' before '," + arguments[predicate.most] +
                        "' in the arguments of predicate '" + name + "'");
        const bool of_openssl = name.starts_with("openssl_version");
        if (of_openssl && first(arguments).find_first_of("0123456789") != 0)
            return fail("'" + first(arguments) + "' is no version of OpenSSL");
        return predicate.holds(arguments, environment_);
    }

    // The first error stays.
    bool fail(std::string text) {
        if (error_.empty()) error_ = std::move(text);
        return false;
    }

    std::string_view rest_;
    const Environment& environment_;
    std::string error_;
};

}  // namespace

Result<bool> holds(std::string_view condition, const Environment& environment) {
    return Condition(condition, environment).run();
}

Result<bool> command_line_condition_holds(std::string_view word, const Environment& environment) {
    const auto words = split_words(word, environment, Comments::are_text);
    if (!words) return words.error();
    std::string condition;
    for (const auto& one : *words)
        condition += (condition.empty() ? "" : " ") + one;
    return holds(condition, environment);
}

}  // namespace pgsteer::config
