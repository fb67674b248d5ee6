#define PCRE2_CODE_UNIT_WIDTH 8
#include "base/pattern.h"

#include <pcre2.h>

#include <array>
#include <new>

namespace pgsteer {
namespace {

// No expression of a check is near this long (bytes).
constexpr PCRE2_SIZE longest_expression = 1'000;
// Steps of one search: about 5 ms (PCRE2 10.42 on 16 KiB of 'a' and "(a|b)*c", one core of 2023).
constexpr std::uint32_t most_steps = 200'000;
// KiB of memory of one search.
constexpr std::uint32_t most_heap = 4'096;

using CompileContext =
    std::unique_ptr<pcre2_compile_context, decltype(&pcre2_compile_context_free)>;
using MatchData = std::unique_ptr<pcre2_match_data, decltype(&pcre2_match_data_free)>;

std::string words_of(int error) {
    std::array<PCRE2_UCHAR, 160> text{};
    pcre2_get_error_message(error, text.data(), text.size());
    return reinterpret_cast<const char*>(text.data());
}

}  // namespace

void Pattern::Free::operator()(pcre2_code* compiled) const {
    pcre2_code_free(compiled);
}
void Pattern::Free::operator()(pcre2_match_context* limits) const {
    pcre2_match_context_free(limits);
}

Result<Pattern> Pattern::compile(const std::string& expression, bool ignore_case) {
    const CompileContext context(pcre2_compile_context_create(nullptr),
                                 &pcre2_compile_context_free);
    if (!context) throw std::bad_alloc();
    pcre2_set_max_pattern_length(context.get(), longest_expression);
    const std::uint32_t options = PCRE2_NO_AUTO_CAPTURE | (ignore_case ? PCRE2_CASELESS : 0U);
    int error = 0;
    PCRE2_SIZE offset = 0;
    Pattern pattern;
    pattern.compiled_.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(expression.data()),
                                          expression.size(), options, &error, &offset,
                                          context.get()));
    if (!pattern.compiled_) return Error{words_of(error) + " in '" + expression + "'"};
    pattern.limits_.reset(pcre2_match_context_create(nullptr));
    if (!pattern.limits_) throw std::bad_alloc();
    pcre2_set_match_limit(pattern.limits_.get(), most_steps);
    pcre2_set_heap_limit(pattern.limits_.get(), most_heap);
    return pattern;
}

std::optional<bool> Pattern::found_in(std::string_view text) const {
    const MatchData room(pcre2_match_data_create(1, nullptr), &pcre2_match_data_free);
    if (!room) throw std::bad_alloc();
    const int found = pcre2_match(compiled_.get(), reinterpret_cast<PCRE2_SPTR>(text.data()),
                                  text.size(), 0, 0, room.get(), limits_.get());
    if (found >= 0) return true;
    if (found == PCRE2_ERROR_NOMATCH) return false;
    return std::nullopt;
}

}  // namespace pgsteer
