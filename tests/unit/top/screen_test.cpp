#include "top/screen.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "unit/top/sample.h"

namespace pgsteer::top {
namespace {

std::vector<std::string> texts(const std::vector<Line>& lines) {
    std::vector<std::string> all;
    for (const Line& line : lines)
        all.push_back(line.text());
    return all;
}

std::string joined(const std::vector<Line>& lines) {
    std::string text;
    for (const Line& line : lines)
        text += line.text() + "\n";
    return text;
}

bool shows(const std::vector<Line>& lines, std::string_view text) {
    return joined(lines).find(text) != std::string::npos;
}

const Span* span_with(const std::vector<Line>& lines, std::string_view text) {
    for (const Line& line : lines)
        for (const Span& span : line.spans)
            if (span.text.find(text) != std::string::npos) return &span;
    return nullptr;
}

TEST(Screen, FitsEverySizeExactly) {
    for (const Page page : {Page::servers, Page::sessions, Page::events, Page::help})
        for (const Size size : {Size{80, 24}, {132, 50}, {40, 10}, {20, 5}, {5, 3}, {1, 1}}) {
            View view;
            view.page = page;
            const auto lines = texts(screen(sample(), view, "/run/pgsteer/admin.sock", size));
            EXPECT_EQ(lines.size(), size.height);
            for (const std::string& line : lines)
                EXPECT_LE(width_of(line), size.width) << line;
        }
}

TEST(Screen, ShowsTheClusterAndItsServersWithin80By24) {
    const auto lines = screen(sample(), {}, "admin.sock", {80, 24});
    for (const char* text : {"pg0", "primary", "standby", "42 B, 3ms", "ReadWrite/pg0", "whole",
                             "2 sessions of 100", "3 waiting", "h:help", "q:quit", "up 1h02m"})
        EXPECT_TRUE(shows(lines, text)) << text << "\n" << joined(lines);
}

TEST(Screen, AStandbyBehindTheReadWritePortIsNoTrouble) {
    const auto lines = screen(sample(), {}, "s", {120, 24});
    const auto row = std::find_if(lines.begin(), lines.end(), [](const Line& line) {
        return line.text().starts_with("ReadWrite/pg1");
    });
    ASSERT_NE(row, lines.end());
    EXPECT_EQ(row->spans[1].ink, Ink::calm);
    EXPECT_TRUE(row->spans[1].text.starts_with("standby"));
}

TEST(Screen, AServerThatCannotBeReachedIsTrouble) {
    const auto lines = screen(sample(), {}, "s", {120, 24});
    ASSERT_NE(span_with(lines, "DOWN"), nullptr);
    EXPECT_EQ(span_with(lines, "DOWN")->ink, Ink::bad);
}

TEST(Screen, AFencedServerIsFencedThoughTheStatisticsSayDown) {
    Answers parts;
    parts.stat = "# pxname,svname,status,fenced,cause\na,pg0,DOWN,1,old-timeline\n";
    const auto lines = screen(sample(parts), {}, "s", {100, 24});
    ASSERT_NE(span_with(lines, "FENCED"), nullptr);
    EXPECT_EQ(span_with(lines, "FENCED")->ink, Ink::bad);
    EXPECT_TRUE(shows(lines, "old-timeline"));
}

TEST(Screen, SaysThatTheRouterIsAwayAndKeepsWhatItSaidLast) {
    View view;
    view.away = "cannot connect to s: Connection refused";
    const auto lines = screen(sample(), view, "s", {80, 24});
    EXPECT_TRUE(shows(lines, "The router is away: cannot connect to s"));
    EXPECT_TRUE(shows(lines, "ReadWrite/pg0"));
    EXPECT_TRUE(shows(screen({}, view, "s", {80, 24}), "The router is away"));
}

TEST(Screen, AsksBeforeAnActInTheLastLines) {
    View view;
    const Picture picture = sample();
    press(view, picture, {Key::Kind::letter, 'd'});
    const auto lines = screen(picture, view, "s", {80, 24});
    EXPECT_TRUE(lines[22].text().starts_with("drain node pg0?"));
    EXPECT_NE(lines[23].text().find("y:yes"), std::string::npos);
}

TEST(Screen, ALongAnswerIsShownWhole) {
    View view;
    view.message =
        "weight of ReadWrite/pg0: 999: the router says: Absolute weight can only be "
        "between 0 and 256 inclusive.";
    const auto lines = texts(screen(sample(), view, "s", {60, 24}));
    ASSERT_EQ(lines.size(), 24U);
    EXPECT_EQ(lines[21] + lines[22], view.message);
}

TEST(Screen, TheSelectedLineIsAlwaysSeen) {
    Picture picture = sample();
    for (int i = 0; i < 100; ++i)
        picture.lines.push_back(picture.lines.front());
    for (std::size_t i = 0; i < picture.lines.size(); ++i)
        picture.lines[i].id = std::to_string(i);
    View view;
    view.page = Page::sessions;
    for (int i = 0; i < 60; ++i) {
        press(view, picture, {Key::Kind::down});
        const auto lines = screen(picture, view, "s", {80, 12});
        EXPECT_EQ(std::count_if(lines.begin(), lines.end(),
                                [](const Line& line) { return line.selected; }),
                  1)
            << i;
    }
}

TEST(Table, DropsItsLeastColumnsWhereTheWidthIsShort) {
    const std::vector<Column> columns{{"NAME"}, {"EXTRA", false, 1}, {"LAST"}};
    const std::vector<Cells> rows{{{"pg0"}, {"something long"}, {"end"}}};
    EXPECT_TRUE(shows(table(columns, rows, 40), "EXTRA"));
    EXPECT_FALSE(shows(table(columns, rows, 20), "EXTRA"));
    EXPECT_TRUE(shows(table(columns, rows, 20), "end"));
}

TEST(Text, IsShortenedByCharactersNotByBytes) {
    EXPECT_EQ(width_of("größe"), 5U);
    EXPECT_EQ(fitted("größe", 4), "grö~");
    EXPECT_EQ(fitted("pg0", 3), "pg0");
    EXPECT_EQ(fitted("pg0", 0), "");
}

TEST(Text, NumbersAndTimesStayShort) {
    EXPECT_EQ(short_number(9999), "9999");
    EXPECT_EQ(short_number(12'345), "12.3K");
    EXPECT_EQ(short_number(123'456'789), "123M");
    EXPECT_EQ(short_time(59), "59s");
    EXPECT_EQ(short_time(61), "1m01s");
    EXPECT_EQ(short_time(3725), "1h02m");
    EXPECT_EQ(short_time(200'000), "2d07h");
}

}  // namespace
}  // namespace pgsteer::top
