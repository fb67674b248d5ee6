#include "admin/command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

namespace pgsteer::admin {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

TEST(CommandLine, IsSplitAtSemicolonsAndBlanksButNotAfterABackslash) {
    const auto commands = split_line("show stat ;  set server b/s state ready\r");
    ASSERT_EQ(commands.size(), 2U);
    EXPECT_THAT(commands[0], ElementsAre("show", "stat"));
    EXPECT_THAT(commands[1], ElementsAre("set", "server", "b/s", "state", "ready"));
    EXPECT_THAT(split_line("a\\;b c\\ d")[0], ElementsAre("a;b", "c d"));
    EXPECT_EQ(split_line("").size(), 1U);
    EXPECT_EQ(split_line("show version;").size(), 2U) << "as in HAProxy, whose second is empty";
}

const CommandRow* find(const std::vector<std::string>& words) {
    return find_command(words);
}

TEST(Commands, AreFoundByTheLongestName) {
    EXPECT_EQ(find({"shutdown", "session", "0x1"})->name, "shutdown session");
    EXPECT_EQ(find({"shutdown", "sessions", "server", "b/s"})->name, "shutdown sessions server");
    EXPECT_EQ(find({"show"}), nullptr);
    EXPECT_EQ(find({}), nullptr);
}

TEST(Commands, HaveEachANameOfTheirOwnAndOneFunction) {
    std::set<std::string_view> names;
    for (const CommandRow* row : all_commands()) {
        EXPECT_TRUE(names.insert(row->name).second) << row->name;
        EXPECT_TRUE((row->answer == nullptr) != (row->work == nullptr)) << row->name;
        EXPECT_FALSE(row->help.empty());
    }
    EXPECT_GT(names.size(), 40U);
}

TEST(Commands, ThatChangeAnythingAreForAdmins) {
    for (const CommandRow* row : all_commands()) {
        const bool changes = row->name.starts_with("set ") || row->name.starts_with("add ") ||
                             row->name.starts_with("del ") || row->name.starts_with("enable ") ||
                             row->name.starts_with("disable ") ||
                             row->name.starts_with("shutdown ");
        // Stick tables are for operators (docs/decisions.md).
        const bool milder = row->name == "set timeout" || row->name == "set table";
        if (!changes || milder) continue;
        EXPECT_EQ(row->level, Level::admin) << row->name;
    }
}

TEST(UnknownCommand, IsAnsweredWithTheNearestOnesInHaproxysWords) {
    const std::string near = unknown_command(std::vector<std::string>{"shutdown", "sessions", "x"});
    EXPECT_EQ(near,
              "Unknown command, but maybe one of the following ones is a better match:\n"
              "  shutdown sessions server <bk>/<srv>     : kill sessions on a server\n"
              "  help [<command>]                        : list matching or all commands\n"
              "  prompt                                  : toggle interactive mode with prompt\n"
              "  quit                                    : disconnect\n");
    EXPECT_THAT(unknown_command(std::vector<std::string>{"shw", "stat"}),
                HasSubstr("  show stat [desc|json|no-maint|typed|up]*: report counters"));
}

TEST(UnknownCommand, ThatIsLikeNoneIsAnsweredWithAll) {
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{}, {std::string(100'000, 'x')}, {"qqqqqqqqqqqq"}}) {
        const std::string all = unknown_command(words);
        EXPECT_THAT(all, StartsWith("Unknown command. Please enter one of the following commands "
                                    "only:\n"));
        EXPECT_EQ(static_cast<std::size_t>(std::count(all.begin(), all.end(), '\n')),
                  all_commands().size() + 1);
    }
}

// With PGSTEER_UPDATE=1 in the environment the file is brought up to date instead.
TEST(Commands, AreAllInTheDocumentation) {
    const std::string path = std::string(PGSTEER_SOURCE_DIR) + "/docs/runtime.md";
    const auto content = [&path] {
        std::ifstream stream(path, std::ios::binary);
        std::ostringstream text;
        text << stream.rdbuf();
        return text.str();
    };
    constexpr std::string_view mark = "<!-- below: generated from the command rows -->\n";
    const std::string before = content();
    const auto at = before.find(mark);
    ASSERT_NE(at, std::string::npos);
    const std::string wanted =
        before.substr(0, at + mark.size()) + "\n```text\n" + help_text(all_commands()) + "```\n";
    if (std::getenv("PGSTEER_UPDATE") != nullptr) std::ofstream(path) << wanted;
    EXPECT_EQ(content(), wanted) << "run unit_admin with PGSTEER_UPDATE=1 to write " << path;
}

TEST(Levels, HaveHaproxysWords) {
    EXPECT_EQ(level_of("operator"), Level::operate);
    EXPECT_EQ(word(Level::admin), "admin");
    EXPECT_EQ(level_of("root"), std::nullopt);
    EXPECT_LT(Level::user, Level::operate);
}

}  // namespace
}  // namespace pgsteer::admin
