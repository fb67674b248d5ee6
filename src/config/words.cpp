#include "config/words.h"

#include <charconv>

namespace pgsteer::config {
namespace {

bool is_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

class Splitter {
  public:
    Splitter(std::string_view line, const Environment& environment)
        : rest_(line), environment_(environment) {}

    Result<std::vector<std::string>> run() {
        while (!rest_.empty()) {
            const char c = rest_.front();
            if (!in_double_ && (c == '#' || c == '\n' || c == '\r')) break;
            if (auto step = one(c); !step) return step.error();
        }
        if (in_double_) return Error{"unmatched double quote"};
        end_word();
        return std::move(words_);
    }

  private:
    Result<void> one(char c) {
        if (c == '\\') return escape();
        if (c == '"') {
            in_double_ = !in_double_;
            in_word_ = true;
        } else if (c == '\'' && !in_double_) {
            return single_quoted();
        } else if (c == '$' && in_double_ && rest_.size() > 1 &&
                   (is_name(rest_[1]) || rest_[1] == '{')) {
            return variable();
        } else if ((c == ' ' || c == '\t') && !in_double_) {
            end_word();
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
        if (end == std::string_view::npos) return Error{"unmatched single quote"};
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
        if (failed != std::errc{} || digits.size() != 2 || end != digits.data() + 2)
            return Error{"\\x needs two hexadecimal digits"};
        put(static_cast<char>(value));
        rest_.remove_prefix(4);
        return {};
    }

    Result<void> variable() {
        rest_.remove_prefix(1);
        const bool braced = rest_.front() == '{';
        if (braced) rest_.remove_prefix(1);
        std::size_t length = 0;
        while (length < rest_.size() && is_name(rest_[length]))
            ++length;
        const std::string name(rest_.substr(0, length));
        if (name.empty() || (name[0] >= '0' && name[0] <= '9'))
            return Error{"bad environment variable name"};
        rest_.remove_prefix(length);
        std::optional<std::string> value;
        if (environment_) value = environment_(name);
        if (braced) {
            const auto close = rest_.find('}');
            if (close == std::string_view::npos) return Error{"missing '}' after ${" + name};
            const auto tail = rest_.substr(0, close);
            if (!tail.empty() && tail[0] != '-')
                return Error{"unexpected '" + std::string(tail) + "' in ${" + name + "}"};
            if (!value && !tail.empty()) value = std::string(tail.substr(1));
            rest_.remove_prefix(close + 1);
        }
        word_ += value.value_or("");
        return {};
    }

    std::string_view rest_;
    const Environment& environment_;
    std::vector<std::string> words_;
    std::string word_;
    bool in_word_ = false;
    bool in_double_ = false;
};

}  // namespace

Result<std::vector<std::string>> split_words(std::string_view line,
                                             const Environment& environment) {
    return Splitter(line, environment).run();
}

}  // namespace pgsteer::config
