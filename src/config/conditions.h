// `.if` and its like: does a condition hold? Pure; any thread. Source: HAProxy 2.6 configuration
// manual 2.4, cfgcond.c.
#pragma once

#include <string_view>

#include "base/result.h"
#include "config/words.h"

namespace pgsteer::config {

// An empty condition is false. Error: what cannot be understood.
Result<bool> holds(std::string_view condition, const Environment& environment);

// The same for the word after `-cc`, whose quotes and variables nobody has undone yet. There a '#'
// begins no comment.
Result<bool> command_line_condition_holds(std::string_view word, const Environment& environment);

}  // namespace pgsteer::config
