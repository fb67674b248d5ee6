#include "config/words.h"

#include <charconv>

namespace pgsteer::config {
namespace {

bool is_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

std::string_view leading_name(std::string_view text) {
    std::size_t length = 0;
    while (length < text.size() && is_name(text[length]))
        ++length;
    return text.substr(0, length);
}

std::string value_of(std::string_view name, const Environment& environment) {
    return environment ? environment(std::string(name)).value_or("") : "";
}

class Splitter {
  public:
    Splitter(std::string_view line, const Environment& environment, Comments comments)
        : line_(line), rest_(line), environment_(environment), comments_(comments) {}

    Result<std::vector<std::string>> run() {
        constexpr std::size_t usual_words = 16;
        words_.reserve(usual_words);
        while (!rest_.empty()) {
            if (const auto plain = plain_length(); plain > 0) {
                word_.append(rest_.substr(0, plain));
                in_word_ = true;
                rest_.remove_prefix(plain);
                continue;
            }
            const char c = rest_.front();
            const bool ends =
                (c == '#' && comments_ == Comments::end_the_line) || c == '\n' || c == '\r';
            if (ends && !in_double_) break;
            if (auto step = one(c); !step) return step.error();
        }
        if (in_double_) return error("unmatched quote", quote_);
        end_word();
        if (words_.size() > most_words)
            return Error{"too many words, at most " + std::to_string(most_words) +
                         " are read of a line"};
        return std::move(words_);
    }

  private:
    // Most of a line means what it says.
    std::size_t plain_length() const {
        constexpr std::string_view special(" \t\\\"'$#\r\n\0", 10);
        const auto length = rest_.find_first_of(special);
        return length == std::string_view::npos ? rest_.size() : length;
    }

    std::size_t position() const { return line_.size() - rest_.size(); }

    static Error error(const std::string& text, std::size_t position) {
        return Error{text + " at position " + std::to_string(position + 1)};
    }

    Result<void> one(char c) {
        if (c == '\\') return escape();
        if (c == '"') {
            in_double_ = !in_double_;
            quote_ = position();
            in_word_ = true;
        } else if (c == '\'' && !in_double_) {
            return single_quoted();
        } else if (c == '$' && in_double_) {
            return variable();
        } else if ((c == ' ' || c == '\t') && !in_double_) {
            end_word();
        } else if (c == '\0') {
            return error("a NUL byte", position());
        } else {
            put(c);
        }
        rest_.remove_prefix(1);
        return {};
    }

    void put(char c) {
        word_ += c;
        in_word_ = true;
    }

    void end_word() {
        if (in_word_) words_.push_back(std::move(word_));
        word_.clear();
        in_word_ = false;
    }

    Result<void> single_quoted() {
        const auto end = rest_.find('\'', 1);
        if (end == std::string_view::npos) return error("unmatched quote", position());
        word_ += rest_.substr(1, end - 1);
        in_word_ = true;
        rest_.remove_prefix(end + 1);
        return {};
    }

    Result<void> escape() {
        const char next = rest_.size() > 1 ? rest_[1] : '\0';
        if (next == 'x') return hex_escape();
        static constexpr std::string_view plain = " \\#'\"";
        if (next == 'n') {
            put('\n');
        } else if (next == 'r') {
            put('\r');
        } else if (next == 't') {
            put('\t');
        } else if (next != '\0' &&
                   (plain.find(next) != std::string_view::npos || (next == '$' && in_double_))) {
            put(next);
        } else {  // an unknown escape stays as written, for regular expressions
            put('\\');
            rest_.remove_prefix(1);
            return {};
        }
        rest_.remove_prefix(2);
        return {};
    }

    Result<void> hex_escape() {
        unsigned value = 0;
        const auto digits = rest_.substr(2, 2);
        const auto [end, failed] =
            std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
        if (failed != std::errc{} || digits.size() != 2 || end != digits.data() + 2 || value == 0)
            return error("truncated or invalid hexadecimal sequence", position());
        put(static_cast<char>(value));
        rest_.remove_prefix(4);
        return {};
    }

    Result<void> variable() {
        rest_.remove_prefix(1);
        const std::size_t start = position();
        const bool braced = rest_.starts_with('{');
        if (braced) rest_.remove_prefix(1);
        const std::size_t dot = rest_.starts_with('.') ? 1 : 0;  // of a pseudo variable
        const std::string name(rest_.substr(0, dot + leading_name(rest_.substr(dot)).size()));
        if (name.size() == dot || (name[dot] >= '0' && name[dot] <= '9'))
            return error("forbidden first char in environment variable name", position());
        rest_.remove_prefix(name.size());
        std::optional<std::string> value;
        if (environment_) value = environment_(name);
        bool split = false;
        if (braced) {
            const auto close = rest_.find('}');
            const auto tail = rest_.substr(0, close);
            split = tail == "[*]";
            if (close == std::string_view::npos || (!tail.empty() && tail[0] != '-' && !split))
                return error("unmatched brace in environment variable name", start);
            if (!value && tail.starts_with('-')) value = std::string(tail.substr(1));
            rest_.remove_prefix(close + 1);
        }
        for (const char c : value.value_or("")) {
            if (split && (c == ' ' || c == '\t'))
                end_word();
            else
                put(c);
        }
        return {};
    }

    std::string_view line_;
    std::string_view rest_;
    const Environment& environment_;
    const Comments comments_;
    std::vector<std::string> words_;
    std::string word_;
    std::size_t quote_ = 0;  // where the open double quote is
    bool in_word_ = false;
    bool in_double_ = false;
};

}  // namespace

Result<std::vector<std::string>> split_words(std::string_view line, const Environment& environment,
                                             Comments comments) {
    return Splitter(line, environment, comments).run();
}

std::string expand_variables(std::string_view text, const Environment& environment) {
    std::string expanded;
    while (true) {
        const auto dollar = text.find('$');
        expanded += text.substr(0, dollar);
        if (dollar == std::string_view::npos) return expanded;
        text.remove_prefix(dollar + 1);
        const bool braced = text.starts_with('{');
        const auto name = leading_name(braced ? text.substr(1) : text);
        const std::size_t length = name.size() + (braced ? 2 : 0);
        if (name.empty() || length > text.size() || (braced && text[length - 1] != '}')) {
            expanded += '$';  // not a variable: the address is refused with its text
            continue;
        }
        expanded += value_of(name, environment);
        text.remove_prefix(length);
    }
}

}  // namespace pgsteer::config
