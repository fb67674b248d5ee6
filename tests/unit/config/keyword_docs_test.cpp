#include "config/keyword_docs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "config/keywords.h"
#include "config/sections.h"

namespace pgsteer::config {
namespace {

using testing::IsEmpty;

const std::string source_dir = PGSTEER_SOURCE_DIR;
constexpr std::string_view mark = "<!-- below: generated from the keyword tables -->\n";

std::string content(const std::string& path) {
    std::ifstream stream(path, std::ios::binary);
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
}

// With PGSTEER_UPDATE=1 in the environment the file is brought up to date instead.
TEST(KeywordDocs, AreWhatTheRowsSay) {
    const std::string path = source_dir + "/docs/configuration.md";
    const std::string text = content(path);
    const auto at = text.find(mark);
    ASSERT_NE(at, std::string::npos) << path << " has no line " << mark;
    const std::string head = text.substr(0, at + mark.size());
    if (std::getenv("PGSTEER_UPDATE")) std::ofstream(path) << head << "\n" << keyword_markdown();
    EXPECT_EQ(content(path), head + "\n" + keyword_markdown())
        << "run unit_config with PGSTEER_UPDATE=1 to write " << path;
}

bool proxy_row_knows(std::string_view keyword) {
    const auto first = keyword.substr(0, keyword.find(' '));
    bool found = false;
    each_row([&](const Row& row) {
        const bool same = matches(row.name, keyword) || row.name == first ||
                          row.name.starts_with(std::string(keyword) + " ");
        if ((row.where & in_proxy) != 0 && same) found = true;
    });
    return found;
}

bool global_row_knows(std::string_view keyword) {
    bool found = false;
    each_row([&](const Row& row) {
        if ((row.where & in_global) != 0 && row.name == keyword) found = true;
    });
    return found;
}

template <class Options>
bool has_option(const Options& options, std::string_view name) {
    for (const auto& row : options)
        if (row.name == name) return true;
    return false;
}

// The list is that of HAProxy 2.6's manual (3, 4.1, 5.1, 5.2) and of `haproxy -dKall`.
TEST(Keywords, OfHaproxyAreAllKnown) {
    std::istringstream list(content(source_dir + "/tests/unit/config/haproxy_2_6_keywords.txt"));
    std::vector<std::string> unknown;
    std::size_t count = 0;
    for (std::string line; std::getline(list, line); ++count) {
        const auto space = line.find(' ');
        const std::string where = line.substr(0, space);
        const std::string name = line.substr(space + 1);
        const bool known = where == "global"  ? global_row_knows(name)
                           : where == "proxy" ? proxy_row_knows(name)
                           : where == "bind"  ? has_option(bind_options(), name)
                                              : has_option(server_options(), name);
        if (!known) unknown.push_back(line);
    }
    EXPECT_GT(count, 400U);
    EXPECT_THAT(unknown, IsEmpty());
}

template <class AnyRow>
void expect_explained(const AnyRow& row) {
    EXPECT_EQ(row.help.empty(), row.kind != KeywordClass::honoured) << row.name;
    EXPECT_EQ(row.reason.empty(), row.kind == KeywordClass::honoured) << row.name;
    EXPECT_EQ(row.instead.empty(), row.kind != KeywordClass::refused) << row.name;
}

TEST(Keywords, SayWhatTheyDoOrWhyNot) {
    each_row([](const Row& row) { expect_explained(row); });
    for (const auto& row : bind_options())
        expect_explained(row);
    for (const auto& row : server_options())
        expect_explained(row);
    for (const auto& row : section_rows())
        expect_explained(row);
}

TEST(Keywords, AreInTheTablesOnce) {
    std::set<std::pair<std::string_view, bool>> seen;
    each_row([&](const Row& row) {
        EXPECT_TRUE(seen.emplace(row.name, (row.where & in_global) != 0).second) << row.name;
    });
}

}  // namespace
}  // namespace pgsteer::config
