#include "health/pattern.h"

#include <array>

namespace pgsteer::health {

void Pattern::Free::operator()(regex_t* compiled) const {
    ::regfree(compiled);
    delete compiled;
}

Result<Pattern> Pattern::compile(const std::string& expression) {
    auto made = std::make_unique<regex_t>();
    // No REG_NOSUB: glibc ignores REG_STARTEND with it.
    const int failed = ::regcomp(made.get(), expression.c_str(), REG_EXTENDED);
    if (failed != 0) {
        std::array<char, 128> text{};
        ::regerror(failed, made.get(), text.data(), text.size());
        return Error{"'" + expression + "': " + text.data()};
    }
    Pattern pattern;
    pattern.compiled_.reset(made.release());
    return pattern;
}

bool Pattern::found_in(const std::string& text) const {
    regmatch_t range{};
    range.rm_so = 0;
    range.rm_eo = static_cast<regoff_t>(text.size());
    return ::regexec(compiled_.get(), text.c_str(), 1, &range, REG_STARTEND) == 0;
}

}  // namespace pgsteer::health
