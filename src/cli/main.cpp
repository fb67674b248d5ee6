// The table of commands. Anything that starts with a dash is the router, as with haproxy.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/agent.h"
#include "cli/check.h"
#include "cli/demo.h"
#include "cli/inetd.h"
#include "cli/router.h"
#include "cli/status.h"
#include "cli/top.h"

namespace {

struct Command {
    const char* name;
    int (*run)(int argc, char** argv);
    const char* help;
};

constexpr std::array<Command, 6> commands{{
    {"agent", pgsteer::cli::run_agent, "answers on a database node: primary, standby or neither"},
    {"check", pgsteer::cli::run_check, "one check, HTTP answer on stdout, for xinetd"},
    {"demo", pgsteer::cli::run_demo,
     "a three-node cluster with agents and a router, to try it out"},
    {"inetd", pgsteer::cli::run_inetd, "runs xinetd's service files; -c checks them"},
    {"status", pgsteer::cli::run_status,
     "the cluster's nodes, roles and lag, asked of a router or of agents"},
    {"top", pgsteer::cli::run_top, "a running router live in a terminal"},
}};

void print_commands(std::FILE* out) {
    (void)std::fputs(
        "pgsteer -f FILE [-f FILE...]   the router; -c checks the files, -h tells more\n", out);
    for (const Command& command : commands)
        (void)std::fprintf(out, "pgsteer %-22s %s\n", command.name, command.help);
}

// Letters to change, add or leave out to make one word of the other (Levenshtein).
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i + 1);
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t changed = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({changed, diagonal + 1, row[j] + 1});
        }
    }
    return row.back();
}

int refuse_word(const char* word) {
    constexpr std::size_t most_letters_wrong = 2;
    (void)std::fprintf(stderr, "pgsteer: '%s' is not a command", word);
    const auto* nearest = std::min_element(
        commands.begin(), commands.end(), [word](const Command& a, const Command& b) {
            return distance(word, a.name) < distance(word, b.name);
        });
    if (::access(word, F_OK) == 0)
        (void)std::fprintf(stderr, "; did you mean 'pgsteer -f %s'?\n", word);
    else if (distance(word, nearest->name) <= most_letters_wrong)
        (void)std::fprintf(stderr, "; did you mean '%s'?\n", nearest->name);
    else
        (void)std::fputs("; these are:\n", stderr);
    print_commands(stderr);
    return 1;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view first = argc > 1 ? argv[1] : "";
    if (first == "help" || first == "--help") {
        print_commands(stdout);
        return 0;
    }
    if (first.empty()) {
        print_commands(stderr);
        return 1;
    }
    for (const Command& command : commands)
        if (first == command.name) return command.run(argc - 1, argv + 1);
    if (first.starts_with('-')) return pgsteer::cli::run_router(argv[0], {argv + 1, argv + argc});
    return refuse_word(argv[1]);
}
