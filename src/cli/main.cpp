// The table of commands. Anything that starts with a dash is the router, as with haproxy.
#include <array>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "cli/agent.h"
#include "cli/check.h"
#include "cli/demo.h"
#include "cli/router.h"

namespace {

struct Command {
    const char* name;
    int (*run)(int argc, char** argv);
    const char* help;
};

constexpr std::array<Command, 3> commands{{
    {"agent", pgsteer::cli::run_agent, "answers on a database node: primary, standby or neither"},
    {"check", pgsteer::cli::run_check, "one check, HTTP answer on stdout, for xinetd"},
    {"demo", pgsteer::cli::run_demo,
     "a three-node cluster with agents and a router, to try it out"},
}};

void print_commands(std::FILE* out) {
    std::fputs(
        "pgsteer -f FILE [-f FILE...]   the router; -c checks the files, --help tells more\n", out);
    for (const Command& command : commands)
        std::fprintf(out, "pgsteer %-22s %s\n", command.name, command.help);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2 || std::strcmp(argv[1], "help") == 0) {
        print_commands(argc < 2 ? stderr : stdout);
        return argc < 2 ? 1 : 0;
    }
    for (const Command& command : commands)
        if (std::strcmp(argv[1], command.name) == 0) return command.run(argc - 1, argv + 1);
    if (argv[1][0] == '-') return pgsteer::cli::run_router({argv + 1, argv + argc});
    std::fprintf(stderr, "pgsteer: '%s' is not a command; these are:\n", argv[1]);
    print_commands(stderr);
    return 1;
}
