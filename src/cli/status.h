// `pgsteer status`: the cluster as one picture, asked of its status answerers, as a table or JSON.
#pragma once

namespace pgsteer::cli {

// argv[0] is the command's name. Answers the exit status: 0 when the cluster is whole (one primary,
// no node fenced, every role known), 1 when it is not, 2 when nobody could be asked.
int run_status(int argc, char** argv);

}  // namespace pgsteer::cli
