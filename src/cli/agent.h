// `pgsteer agent`: answers for the role of a database node over HTTP until SIGTERM or SIGINT.
#pragma once

namespace pgsteer::cli {

// argv[0] is the command's name. Answers the exit status: 0 after a signal, 1 for what went wrong.
int run_agent(int argc, char** argv);

}  // namespace pgsteer::cli
