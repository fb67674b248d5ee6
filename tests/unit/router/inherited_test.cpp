#include "router/inherited.h"

#include <gtest/gtest.h>

namespace pgsteer::router {
namespace {

MasterRecord sample() {
    MasterRecord record;
    record.started = 1'700'000'000;
    record.reloads = 3;
    record.failed = 1;
    record.listeners = {5, 6};
    record.workers = {{100, 7, 1'700'000'100, 0, true, "1.0"},
                      {101, 8, 1'700'000'200, 3, false, ""}};
    record.rules = {true, 3};
    return record;
}

TEST(Inherited, what_a_master_leaves_is_what_the_next_one_finds) {
    EXPECT_EQ(unpack_master(pack(sample())), sample());
    EXPECT_EQ(unpack_master(pack(MasterRecord{})), MasterRecord{});
}

TEST(Inherited, other_words_are_not_believed) {
    EXPECT_EQ(unpack_master(""), std::nullopt);
    EXPECT_EQ(unpack_master("nonsense"), std::nullopt);
    EXPECT_EQ(unpack_master("2 0 0 0 0 0"), std::nullopt);
    EXPECT_EQ(unpack_master("1 0 0 0 99999999 5"), std::nullopt);
    const std::string whole = pack(sample());
    EXPECT_EQ(unpack_master(whole.substr(0, whole.size() / 2)), std::nullopt);
    EXPECT_EQ(unpack_master(whole.substr(0, whole.rfind(' ')) + " many"), std::nullopt);
}

TEST(Inherited, descriptors_that_are_no_listening_sockets_are_left_alone) {
    EXPECT_TRUE(unpack_sockets("").empty());
    EXPECT_TRUE(unpack_sockets("0 - 1 - 2 - 9999 eth0 words").empty());
}

}  // namespace
}  // namespace pgsteer::router
