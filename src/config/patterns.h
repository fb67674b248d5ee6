// Patterns: the flags, operators and values after a fetch, as a Match (HAProxy 2.6 manual, 7.1).
// Control thread.
#pragma once

#include <string>
#include <vector>

#include "base/match.h"
#include "base/result.h"
#include "config/fetches.h"

namespace pgsteer::config {

// `words` come after the fetch: -i, -n, -m METHOD, -f FILE, --, then an operator, then patterns.
// Without patterns nothing matches, as in HAProxy; the caller warns.
Result<Match> parse_match(const FetchRow& fetch, const std::vector<std::string>& words);

}  // namespace pgsteer::config
