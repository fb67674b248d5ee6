// Pattern: a compiled POSIX extended regular expression. Not std::regex, whose search recurses once
// a character and so overflows the stack on a long answer. Any thread, one at a time.
#pragma once

#include <regex.h>

#include <memory>
#include <string>

#include "base/result.h"

namespace pgsteer::health {

class Pattern {
  public:
    // Error: what is wrong with the expression, in the C library's words.
    static Result<Pattern> compile(const std::string& expression);
    // Does it match anywhere in the text? Bytes of 0 in the text are as any other.
    bool found_in(const std::string& text) const;

  private:
    struct Free {
        void operator()(regex_t* compiled) const;
    };
    std::unique_ptr<regex_t, Free> compiled_;
};

}  // namespace pgsteer::health
