// Pattern: a compiled regular expression in HAProxy's dialect (PCRE2, bytes). Its work on one text
// is bounded, so that no answer of a stranger's can keep a thread busy. Immutable; any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

// PCRE2's own names for the 8 bit library: its header is left to the .cpp.
struct pcre2_real_code_8;
struct pcre2_real_match_context_8;

namespace pgsteer {

class Pattern {
  public:
    // Error: what is wrong with the expression, in the library's words.
    static Result<Pattern> compile(const std::string& expression, bool ignore_case = false);
    // Does it match anywhere in the text? Bytes of 0 are as any other. Nothing: it takes more steps
    // than are allowed.
    std::optional<bool> found_in(std::string_view text) const;

  private:
    struct Free {
        void operator()(pcre2_real_code_8* compiled) const;
        void operator()(pcre2_real_match_context_8* limits) const;
    };
    std::unique_ptr<pcre2_real_code_8, Free> compiled_;
    std::unique_ptr<pcre2_real_match_context_8, Free> limits_;
};

}  // namespace pgsteer
