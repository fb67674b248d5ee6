#include "dns/held.h"

#include <gtest/gtest.h>

namespace pgsteer::dns {
namespace {

using namespace std::chrono_literals;
using Addresses = std::vector<Address>;

Address at(const char* ip) {
    return *Address::from_literal(ip, Port{0});
}

class HeldTest : public testing::Test {
  protected:
    HeldTest() {
        holds_.hold_nx = 10s;
        holds_.hold_timeout = 20s;
        holds_.hold_refused = 0s;
        holds_.hold_other = 5s;
    }
    bool found(Addresses addresses) {
        Answer answer;
        answer.status = Status::valid;
        answer.addresses = std::move(addresses);
        return held_.take(holds_, answer, now_);
    }
    bool serves(std::vector<Target> targets) {
        Answer answer;
        answer.status = Status::valid;
        answer.targets = std::move(targets);
        return held_.take(holds_, answer, now_);
    }
    bool fails(Status status) {
        Answer answer;
        answer.status = status;
        return held_.take(holds_, answer, now_);
    }

    config::Resolvers holds_;
    Held held_;
    TimePoint now_ = TimePoint(1000s);
};

TEST_F(HeldTest, an_answer_replaces_the_one_before) {
    EXPECT_TRUE(found({at("10.0.0.1"), at("10.0.0.2")}));
    now_ += 1s;
    EXPECT_TRUE(found({at("10.0.0.3")}));
    EXPECT_EQ(held_.addresses(), Addresses{at("10.0.0.3")});
}

TEST_F(HeldTest, another_order_is_nothing_new) {
    found({at("10.0.0.1"), at("10.0.0.2")});
    now_ += 1s;
    EXPECT_FALSE(found({at("10.0.0.2"), at("10.0.0.1")}));
}

TEST_F(HeldTest, what_newer_answers_leave_out_stays_for_hold_obsolete) {
    holds_.hold_obsolete = 3s;
    found({at("10.0.0.1"), at("10.0.0.2")});
    now_ += 2999ms;
    EXPECT_FALSE(found({at("10.0.0.2")}));
    now_ += 1ms;
    EXPECT_TRUE(found({at("10.0.0.2")}));
    EXPECT_EQ(held_.addresses(), Addresses{at("10.0.0.2")});
}

TEST_F(HeldTest, an_error_takes_the_addresses_away_when_its_hold_time_has_passed) {
    const std::pair<Status, milliseconds> holds[] = {
        {Status::nx, 10s}, {Status::timeout, 20s}, {Status::other, 5s}};
    for (const auto& [status, hold] : holds) {
        held_ = Held();
        found({at("10.0.0.1")});
        now_ += hold - 1ms;
        EXPECT_FALSE(fails(status));
        EXPECT_TRUE(held_.known());
        now_ += 1ms;
        EXPECT_TRUE(fails(status));
        EXPECT_FALSE(held_.known());
    }
    EXPECT_EQ(held_.why(), "unspecified DNS error");
}

TEST_F(HeldTest, without_hold_time_the_first_error_counts) {
    found({at("10.0.0.1")});
    EXPECT_TRUE(fails(Status::refused));
    EXPECT_EQ(held_.why(), "DNS refused status");
}

TEST_F(HeldTest, a_valid_answer_begins_the_hold_time_anew) {
    found({at("10.0.0.1")});
    now_ += 9s;
    found({at("10.0.0.1")});
    now_ += 9s;
    EXPECT_FALSE(fails(Status::nx));
}

TEST_F(HeldTest, what_the_system_said_at_start_is_not_held_against_an_error) {
    held_.begin_with({at("10.0.0.1")}, now_);
    EXPECT_TRUE(fails(Status::nx));
    EXPECT_FALSE(held_.known());
}

TEST_F(HeldTest, another_weight_of_a_service_is_news_but_the_same_service) {
    EXPECT_TRUE(serves({{"a.x", Port{5432}, 10}, {"b.x", Port{5432}, 10}}));
    now_ += 1s;
    EXPECT_TRUE(serves({{"a.x", Port{5432}, 20}, {"b.x", Port{5432}, 10}}));
    ASSERT_EQ(held_.targets().size(), 2U);
    EXPECT_EQ(held_.targets()[0].weight, 20);
    EXPECT_FALSE(serves({{"b.x", Port{5432}, 10}, {"a.x", Port{5432}, 20}}));
}

}  // namespace
}  // namespace pgsteer::dns
