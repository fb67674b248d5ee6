// `pgsteer demo`: a three-node PostgreSQL cluster, an agent a node and a router on loopback, and a
// failover to watch. The story is in demo.cpp; its parts are demo_cluster (PostgreSQL),
// demo_process (children), demo_folder (what is removed at the end), demo_sql and demo_writer
// (clients).
#pragma once

namespace pgsteer::cli {

// argv[0] is the command's own name. Answers the exit status: 0 when everything worked, 1 with a
// message on stderr when not, 2 for a wrong option, 130 when stopped before the tour was over.
int run_demo(int argc, char** argv);

}  // namespace pgsteer::cli
