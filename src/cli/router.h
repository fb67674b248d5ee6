// `pgsteer -f FILE`: the router, from command line to the end of the process.
#pragma once

#include <string>
#include <vector>

namespace pgsteer::cli {

// `words` without the program's name. Answers the exit status.
int run_router(const std::string& program, const std::vector<std::string>& words);

}  // namespace pgsteer::cli
