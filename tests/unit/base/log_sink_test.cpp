#include <gtest/gtest.h>

#include "base/log_outlet.h"
#include "base/log_repeats.h"

namespace pgsteer::log {
namespace {

TEST(LogSink, what_cannot_be_delivered_is_counted_with_the_reason) {
    std::vector<std::string> delivered;
    bool broken = false;
    Sink sink("here", [&](const Packet& packet) -> Result<void> {
        if (broken) return Error{"no room"};
        delivered.push_back(packet.at(0));
        return {};
    });
    sink.post({"one"});
    broken = true;
    sink.post({"two"});
    sink.post({"three"});
    EXPECT_EQ(delivered, std::vector<std::string>{"one"});
    EXPECT_EQ(sink.loss().lines, 2U);
    EXPECT_EQ(sink.loss().why, "no room");
}

TEST(LogSample, of_each_period_the_lines_of_the_ranges_are_sent) {
    LogSample sample;
    sample.ranges = {{1, 1}, {3, 4}};
    sample.size = 5;
    SampleCount count;
    std::string sent;
    for (int i = 0; i < 10; ++i)
        sent += is_sampled(sample, count) ? 'x' : '.';
    EXPECT_EQ(sent, "x.xx.x.xx.");
}

constexpr TimePoint start{seconds(1000)};
const Record line{.level = Level::alert, .text = "pg0 is DOWN"};

TEST(LogRepeats, the_first_lines_of_a_kind_are_written_and_the_others_told_in_sum) {
    Repeats repeats;
    for (std::uint32_t i = 0; i < Repeats::written_at_once; ++i)
        EXPECT_TRUE(repeats.may("ReadWrite pg0 down", line, start));
    EXPECT_FALSE(repeats.may("ReadWrite pg0 down", line, start + seconds(1)));
    EXPECT_FALSE(repeats.may("ReadWrite pg0 down", line, start + seconds(2)));
    EXPECT_TRUE(repeats.due(start + seconds(9)).empty());
    const auto sums = repeats.due(start + seconds(10));
    ASSERT_EQ(sums.size(), 1U);
    EXPECT_EQ(sums[0].record.text, "last message repeated 2 times: pg0 is DOWN");
    EXPECT_EQ(sums[0].record.level, Level::alert);
    EXPECT_TRUE(repeats.due(start + seconds(30)).empty());
}

TEST(LogRepeats, another_kind_or_another_object_is_never_held_back) {
    Repeats repeats;
    for (std::uint32_t i = 0; i < 100; ++i)
        repeats.may("ReadWrite pg0 down", line, start);
    EXPECT_TRUE(repeats.may("ReadWrite pg0 up", line, start));
    EXPECT_TRUE(repeats.may("ReadWrite pg1 down", line, start));
}

TEST(LogRepeats, what_comes_now_and_then_is_written_each_time) {
    Repeats repeats;
    for (std::uint32_t i = 0; i < 20; ++i)
        EXPECT_TRUE(repeats.may("ReadWrite pg0 down", line, start + seconds(4 * i))) << i;
}

}  // namespace
}  // namespace pgsteer::log
