// One configuration line to words, by HAProxy's rules: blanks separate, a backslash escapes, '..'
// is literal, ".." expands $NAME, ${NAME} and ${NAME-default}, an unquoted # ends the line. Pure;
// any thread. Source: HAProxy 2.6 configuration manual 2.2 and 2.3, tools.c parse_line.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pgsteer::config {

using Environment = std::function<std::optional<std::string>(const std::string& name)>;

// Errors: a quote or a brace that is not closed, a bad variable name, \x without two hex digits.
// An unset variable without default is empty, as in HAProxy.
Result<std::vector<std::string>> split_words(std::string_view line, const Environment& environment);

}  // namespace pgsteer::config
