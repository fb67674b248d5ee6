// `pgsteer top`: a running router live in a terminal, and acts on it by keys.
#pragma once

namespace pgsteer::cli {

// argv[0] is the command's name. Answers the exit status: 0 when the user ended it, with --once
// when the router was shown; 2 when that could not be; 128 and a signal's number when that ended
// it.
int run_top(int argc, char** argv);

}  // namespace pgsteer::cli
