// One configuration line to words, by HAProxy's rules: blanks separate, a backslash escapes, '..'
// is literal, ".." expands $NAME, ${NAME}, ${NAME-default} and ${NAME[*]} (as many words as the
// value has), an unquoted # ends the line. A name may begin with a dot: ${.LINE}. Pure; any thread.
// Source: HAProxy 2.6 configuration manual 2.2 and 2.3, tools.c parse_line.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pgsteer::config {

using Environment = std::function<std::optional<std::string>(const std::string& name)>;

inline constexpr std::size_t most_words = 64;  // HAProxy's MAX_LINE_ARGS

enum class Comments { end_the_line, are_text };

// Errors, in HAProxy's words and with the position: a quote or a brace that is not closed, a bad
// variable name, \x without two hex digits (or with 00), more than most_words words. An unset
// variable without default is empty, as in HAProxy.
Result<std::vector<std::string>> split_words(std::string_view line, const Environment& environment,
                                             Comments comments = Comments::end_the_line);

// $NAME and ${NAME} of an address, which HAProxy expands without quotes too (tools.c env_expand).
std::string expand_variables(std::string_view text, const Environment& environment);

}  // namespace pgsteer::config
