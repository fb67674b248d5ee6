// Every file of tests/dialect/{valid,inert,refused}/NAME.cfg is read as it stands; NAME.txt is what
// must come out. With PGSTEER_UPDATE=1 in the environment the NAME.txt are written instead.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "config/dump.h"
#include "config/load.h"

namespace pgsteer::config {
namespace {

namespace fs = std::filesystem;

const fs::path folder = fs::path(PGSTEER_SOURCE_DIR) / "tests/dialect";

std::optional<std::string> environment(const std::string& name) {
    if (name == "RW_PORT") return "5000";
    if (name == "LISTEN_FD") return "7";
    if (name == "NODES") return "pg0 pg1";
    if (name == "DIALECT") return folder.string();
    return std::nullopt;
}

std::string content(const fs::path& path) {
    std::ifstream stream(path, std::ios::binary);
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
}

std::string word(Severity severity) {
    return severity == Severity::alert     ? "ALERT "
           : severity == Severity::warning ? "WARNING "
                                           : "NOTICE ";
}

std::string result_of(const Loaded& loaded) {
    std::string text;
    for (const auto& diagnostic : loaded.diagnostics)
        text += word(diagnostic.severity) + diagnostic.line() + "\n";
    for (const auto& use : loaded.uses.others)
        if (use.kind == KeywordClass::inert)
            text += "INERT [" + use.at.text() + "] " + use.keyword + ": " + use.why + "\n";
    return loaded.ok() ? text + dump(loaded.config) : text;
}

std::vector<std::string> names() {
    std::vector<std::string> found;
    for (const char* part : {"valid", "inert", "refused"})
        for (const auto& entry : fs::directory_iterator(folder / part))
            if (entry.path().extension() == ".cfg")
                found.push_back(std::string(part) + "/" + entry.path().stem().string());
    std::sort(found.begin(), found.end());
    return found;
}

class Dialect : public testing::TestWithParam<std::string> {};

TEST_P(Dialect, FileIsReadAsItsTextSays) {
    const fs::path source = folder / (GetParam() + ".cfg");
    const fs::path expected = folder / (GetParam() + ".txt");
    const Loaded loaded = load_text(content(source), source.filename().string(), environment);
    const bool inert = std::any_of(loaded.uses.others.begin(), loaded.uses.others.end(),
                                   [](const auto& use) { return use.kind == KeywordClass::inert; });
    const std::string part = GetParam().substr(0, GetParam().find('/'));
    EXPECT_EQ(loaded.ok(), part != "refused");
    EXPECT_TRUE(part == "refused" || inert == (part == "inert"));
    if (std::getenv("PGSTEER_UPDATE")) std::ofstream(expected) << result_of(loaded);
    EXPECT_EQ(content(expected), result_of(loaded));
}

std::string test_name(const testing::TestParamInfo<std::string>& file) {
    std::string name = file.param;
    std::replace(name.begin(), name.end(), '/', '_');
    return name;
}

INSTANTIATE_TEST_SUITE_P(Files, Dialect, testing::ValuesIn(names()), test_name);

// Each mistake of the file is told, with the line it is in.
TEST(DialectFolder, TwentyMistakesAreAllReportedWithTheirLines) {
    const fs::path path = folder / "refused/twenty_mistakes.cfg";
    const Loaded loaded = load_text(content(path), "m.cfg", environment);
    std::set<unsigned> lines;
    for (const auto& diagnostic : loaded.diagnostics)
        if (diagnostic.severity == Severity::alert) lines.insert(diagnostic.at.line);
    EXPECT_THAT(lines, testing::ElementsAre(2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 15, 16, 17, 18, 19,
                                            20, 21, 22, 23, 24, 26, 29, 30, 33, 34, 35));
}

TEST(DialectFolder, HasFilesOfEveryClass) {
    EXPECT_GE(names().size(), 15U);
}

}  // namespace
}  // namespace pgsteer::config
