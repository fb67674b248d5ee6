#include "config/keyword_docs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "config/converters.h"
#include "config/fetches.h"
#include "config/keywords.h"
#include "config/rule_actions.h"
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

// "option tcplog" or, where one row stands for all that begin so, "http-request".
std::vector<const Row*> rows_of(std::string_view keyword, unsigned where) {
    std::vector<const Row*> found;
    const auto first = keyword.substr(0, keyword.find(' '));
    each_row([&](const Row& row) {
        const bool same = row.name == keyword || row.name == first ||
                          row.name.starts_with(std::string(keyword) + " ");
        if ((row.where & where) != 0 && same) found.push_back(&row);
    });
    return found;
}

unsigned places(const std::string& text) {
    unsigned where = 0;
    std::istringstream words(text);
    for (std::string word; words >> word;)
        where |= word == "defaults"   ? in_defaults
                 : word == "frontend" ? in_frontend
                 : word == "listen"   ? in_listen
                                      : in_backend;
    return where;
}

bool proxy_knows(const std::string& text) {
    const auto colon = text.find(':');
    unsigned where = 0;
    for (const Row* row : rows_of(text.substr(0, colon), in_proxy))
        where |= row->where;
    const unsigned wanted = places(text.substr(colon + 1));
    return wanted != 0 && (where & wanted) == wanted;
}

template <class Options>
bool has_option(const Options& options, std::string_view name) {
    for (const auto& row : options)
        if (row.name == name) return true;
    return false;
}

// A section that is passed over has the words of its lines.
bool section_knows(std::string_view section, const std::string& line) {
    for (const auto& row : section_rows())
        if (row.name == section)
            return (" " + std::string(row.lines))
                       .find(" " + line.substr(0, line.find(' ')) + " ") != std::string::npos;
    return false;
}

bool action_knows(const std::string& rules, const std::string& action) {
    const unsigned where = rules.ends_with("connection") ? of_connection
                           : rules.ends_with("session")  ? of_session
                                                         : of_content;
    for (const ActionRow& row : action_rows())
        if ((row.where & where) != 0 && matches(row.name, action)) return true;
    return false;
}

bool is_known(const std::string& line) {
    const auto space = line.find(' ');
    const std::string kind = line.substr(0, space);
    const std::string name = line.substr(space + 1);
    if (kind == "global") return !rows_of(name, in_global).empty();
    if (kind == "resolvers") return !rows_of(name, in_resolvers).empty();
    if (kind == "userlist") return !rows_of(name, in_userlist).empty();
    if (kind == "proxy") return proxy_knows(name);
    if (kind == "bind") return has_option(bind_options(), name);
    if (kind == "server") return has_option(server_options(), name);
    if (kind == "fetch") return !why_no_value(name).starts_with("unknown");
    if (kind == "converter") return name == "map_" || is_converter(name);
    if (const auto colon = name.find(": "); colon != std::string::npos && kind == "tcp-request")
        return action_knows(name.substr(0, colon), name.substr(colon + 2));
    if (kind.ends_with(':') || name.find(": ") != std::string::npos)  // refused or inert as a whole
        return !rows_of(kind.substr(0, kind.find(':')), in_proxy).empty();
    return section_knows(kind, name);
}

std::vector<std::string> unknown_lines(const std::string& file, std::size_t least) {
    std::istringstream list(content(source_dir + "/tests/unit/config/" + file));
    std::vector<std::string> unknown;
    std::size_t count = 0;
    for (std::string line; std::getline(list, line); ++count)
        if (!is_known(line)) unknown.push_back(line);
    EXPECT_GT(count, least) << file;
    return unknown;
}

// tests/structure/test_haproxy_manual.py compares the file with the manual itself.
TEST(Keywords, OfHaproxysManualAreAllKnown) {
    EXPECT_THAT(unknown_lines("haproxy_2_6_keywords.txt", 1'300), IsEmpty());
}

// Those that its program knows and the manual does not, those of later HAProxys, and our own.
TEST(Keywords, OfOtherHaproxysAreKnown) {
    EXPECT_THAT(unknown_lines("haproxy_more_keywords.txt", 90), IsEmpty());
}

TEST(Keywords, ThatNobodyHasAreUnknown) {
    for (const std::string line :
         {"global maxcon", "proxy option tcplg: listen", "proxy bind: backend", "bind sssl",
          "server chek", "fetch nbserv", "converter lowerr", "tcp-request connection: acept",
          "tcp-request connection: capture", "peers tabel", "resolvers nameservers"})
        EXPECT_FALSE(is_known(line)) << line;
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
