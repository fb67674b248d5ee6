#include "pgwire/sync.h"

#include <gtest/gtest.h>

#include <string>

namespace pgsteer::pgwire {
namespace {

using namespace std::string_literals;

const std::string ready = "Z\0\0\0\x05I"s;
const std::string now_primary = "S\0\0\0\x17in_hot_standby\0off\0"s;

TEST(SyncAnswer, the_plain_one_is_known) {
    ASSERT_EQ(ready.size(), ready_size);
    EXPECT_EQ(read_sync_answer(ready), SyncAnswer::ready);
}

TEST(SyncAnswer, parameters_before_the_end_are_more) {
    EXPECT_EQ(read_sync_answer(now_primary + ready), SyncAnswer::told_more);
    EXPECT_EQ(read_sync_answer(now_primary + now_primary + ready), SyncAnswer::told_more);
    EXPECT_EQ(read_sync_answer("Z\0\0\0\x05T"s), SyncAnswer::told_more);
}

TEST(SyncAnswer, an_error_is_one_however_long) {
    EXPECT_EQ(read_sync_answer("E"), SyncAnswer::error);
    EXPECT_EQ(read_sync_answer("E\0\0\x40\0SFATAL\0"s), SyncAnswer::error);
}

TEST(SyncAnswer, every_part_of_an_answer_is_cut) {
    const std::string whole = now_primary + ready;
    for (std::size_t size = 0; size < whole.size(); ++size)
        EXPECT_EQ(read_sync_answer(whole.substr(0, size)), SyncAnswer::cut) << size;
}

TEST(SyncAnswer, more_than_one_was_asked_for_is_cut) {
    EXPECT_EQ(read_sync_answer(ready + ready), SyncAnswer::cut);
    EXPECT_EQ(read_sync_answer(ready + "S"), SyncAnswer::cut);
}

TEST(SyncAnswer, a_length_that_cannot_be_is_cut) {
    EXPECT_EQ(read_sync_answer("S\0\0\0\0"s + ready), SyncAnswer::cut);
    EXPECT_EQ(read_sync_answer("S\0\0\0\x03"s + ready), SyncAnswer::cut);
    EXPECT_EQ(read_sync_answer("S\xff\xff\xff\xff"s + ready), SyncAnswer::cut);
}

}  // namespace
}  // namespace pgsteer::pgwire
