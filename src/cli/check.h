// `pgsteer check`: one status check as an HTTP answer on stdout, for use as `server =` of an xinetd
// service or in a shell.
#pragma once

namespace pgsteer::cli {

// argv[0] is the command's name. Answers the exit status: 0 primary, 1 standby, 2 neither.
int run_check(int argc, char** argv);

}  // namespace pgsteer::cli
