#include "config/check_report.h"

#include <gtest/gtest.h>

namespace pgsteer::config {
namespace {

KeywordUse use(const std::string& keyword, KeywordClass kind, unsigned line,
               const std::string& file = "a.cfg") {
    return {keyword, kind, {std::make_shared<const std::string>(file), line}, "", ""};
}

KeywordUses all(const std::vector<KeywordUse>& uses) {
    KeywordUses added;
    for (const KeywordUse& one : uses)
        added.add(one);
    return added;
}

TEST(CheckReport, honoured_keywords_are_counted_only) {
    EXPECT_EQ(check_report(all({use("mode", KeywordClass::honoured, 1),
                                use("bind", KeywordClass::honoured, 2)})),
              "honoured: 2\naccepted without effect: 0\nrefused: 0\n");
}

TEST(CheckReport, others_are_told_with_line_reason_and_alternative_in_the_order_of_lines) {
    auto refused = use("lua-load", KeywordClass::refused, 9);
    refused.why = "no Lua";
    refused.instead = "nothing";
    auto chroot = use("chroot", KeywordClass::inert, 7);
    chroot.why = "no files are opened later";
    EXPECT_EQ(check_report(all({chroot, refused, use("ca-base", KeywordClass::inert, 3)})),
              "honoured: 0\n"
              "accepted without effect: 2\n"
              "  [a.cfg:3] ca-base\n"
              "  [a.cfg:7] chroot: no files are opened later\n"
              "refused: 1\n"
              "  [a.cfg:9] lua-load: no Lua; instead: nothing\n");
}

TEST(CheckReport, files_stay_together) {
    const std::string text = check_report(all(
        {use("x", KeywordClass::inert, 5, "b.cfg"), use("y", KeywordClass::inert, 9, "a.cfg")}));
    EXPECT_LT(text.find("a.cfg:9"), text.find("b.cfg:5"));
}

}  // namespace
}  // namespace pgsteer::config
