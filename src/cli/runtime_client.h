// A client of a running router's stats socket, for commands that show it. Blocks, within a time.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace pgsteer::cli {

// One command and its whole answer, without the empty line that follows every answer. `socket` is a
// path or HOST:PORT. Errors name it, and what to do about them.
Result<std::string> ask_router(const std::string& socket, const std::string& command,
                               milliseconds timeout);

}  // namespace pgsteer::cli
