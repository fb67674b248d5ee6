#include "health/saved_state.h"

#include <gtest/gtest.h>

#include "unit/health/sample.h"

namespace pgsteer::health {
namespace {

using routing::Cause;

constexpr std::string_view head =
    "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight "
    "srv_iweight ...\n";
// A line as HAProxy 2.6 writes it.
std::string line(const std::string& server, int operation, int admin, int weight = 1,
                 int file = 1) {
    return "3 ReadWrite 1 " + server + " 10.0.0.1 " + std::to_string(operation) + " " +
           std::to_string(admin) + " " + std::to_string(weight) + " " + std::to_string(file) +
           " 77 6 3 4 6 0 0 0 - 5432 - 0 23267 - - 0\n";
}

std::vector<SavedServer> saved(const std::string& lines) {
    return read_saved_state(std::string(head) + lines).value();
}

TEST(SavedState, a_line_of_haproxy_is_read) {
    const auto servers = saved(line("pg0", 2, 9, 20, 10));
    ASSERT_EQ(servers.size(), 1U);
    EXPECT_EQ(servers[0].backend, "ReadWrite");
    EXPECT_EQ(servers[0].name, "pg0");
    EXPECT_EQ(servers[0].operation, SavedServer::Operation::running);
    EXPECT_TRUE(servers[0].forced_maintenance);
    EXPECT_TRUE(servers[0].forced_drain);
    EXPECT_EQ(servers[0].weight, 20U);
    EXPECT_EQ(servers[0].weight_of_file, 10U);
    EXPECT_EQ(servers[0].since_change, seconds(77));
    EXPECT_EQ(servers[0].port, Port{5432});
}

TEST(SavedState, what_is_no_such_file_is_refused_and_bad_lines_are_left_out) {
    EXPECT_TRUE(read_saved_state("global\n  maxconn 5\n").has_error());
    EXPECT_TRUE(read_saved_state("2\n").has_error());
    EXPECT_TRUE(read_saved_state("").value().empty());
    EXPECT_EQ(saved("3 ReadWrite 1 pg0\n" + line("pg1", 77, 0) + "\n\n" + line("pg2", 0, 0)).size(),
              1U);
}

struct Restore : ::testing::Test {
    World world{classic(2)};
    std::size_t restore(const std::string& lines, Duration age = seconds(1)) {
        return world.cluster->restore(saved(lines), age, world.now);
    }
};

TEST_F(Restore, what_checks_had_found_stands_until_the_first_answer_which_decides_at_once) {
    EXPECT_EQ(restore(line("pg0", 2, 0) + line("pg1", 0, 0) + line("gone", 2, 0)), 2U);
    EXPECT_TRUE(world.row(0).accepts);
    EXPECT_EQ(world.row(1).cause, Cause::check_failed);
    EXPECT_EQ(world.row(2).cause, Cause::never_judged);
    (void)world.tell(0, answer(503));
    (void)world.tell(1, answer(200));
    EXPECT_FALSE(world.row(0).accepts);
    EXPECT_TRUE(world.row(1).accepts);
}

TEST_F(Restore, a_verdict_is_worth_nothing_when_checks_would_have_noticed_meanwhile) {
    // inter 3s, fall 3
    (void)restore(line("pg0", 2, 0), milliseconds(9'001));
    EXPECT_EQ(world.row(0).cause, Cause::never_judged);
    (void)restore(line("pg0", 2, 0), milliseconds(9'000));
    EXPECT_TRUE(world.row(0).accepts);
}

TEST_F(Restore, a_slow_schedule_does_not_make_a_file_worth_more_than_ten_seconds) {
    World slow(classic(1));
    slow.config.backends[0].servers[0].inter = seconds(60);
    slow.cluster =
        std::make_unique<Cluster>(slow.config, ClusterOptions{1, slow.now, [] { return 0.5; }});
    (void)slow.cluster->restore(saved(line("pg0", 2, 0)), seconds(11), slow.now);
    EXPECT_EQ(slow.row(0).cause, Cause::never_judged);
}

TEST_F(Restore, what_an_operator_said_is_old_and_stands) {
    (void)restore(line("pg0", 0, 1) + line("pg1", 2, 8, 5, 1), std::chrono::hours(100));
    EXPECT_EQ(world.row(0).cause, Cause::maintenance);
    (void)world.tell(1, answer(200));
    EXPECT_EQ(world.row(1).cause, Cause::draining);
    EXPECT_EQ(world.row(1).weight, 5U);
}

TEST_F(Restore, a_server_that_is_elsewhere_now_is_not_the_one_that_was_checked) {
    for (std::uint32_t id : {0U, 1U})
        (void)world.cluster->move(
            routing::ServerId{id},
            {{*Address::from_literal(id == 0 ? "10.0.0.1" : "10.0.0.2", Port{5432})}, {}, ""},
            world.now);
    (void)restore(line("pg0", 2, 0) + line("pg1", 2, 0));
    EXPECT_TRUE(world.row(0).accepts);
    EXPECT_EQ(world.row(1).cause, Cause::never_judged);
}

TEST_F(Restore, a_file_of_the_future_is_not_young) {
    (void)restore(line("pg0", 2, 0), -seconds(5));
    EXPECT_EQ(world.row(0).cause, Cause::never_judged);
}

TEST_F(Restore, what_the_configuration_says_otherwise_now_counts) {
    constexpr int forced = 1, by_file = 4, drain = 8;
    // Was disabled by the file and is not any more; weight 0 by the file showed as drain.
    (void)restore(line("pg0", 2, forced | by_file) + line("pg1", 2, drain, 0, 0));
    EXPECT_NE(world.row(0).cause, Cause::maintenance);
    EXPECT_NE(world.row(1).cause, Cause::draining);
}

TEST_F(Restore, ready_by_an_operator_stands_against_disabled) {
    World other(classic(1));
    other.config.backends[0].servers[0].disabled = true;
    other.cluster =
        std::make_unique<Cluster>(other.config, ClusterOptions{1, other.now, [] { return 0.5; }});
    EXPECT_EQ(other.row(0).cause, Cause::maintenance);
    constexpr int by_file = 4;
    (void)other.cluster->restore(saved(line("pg0", 2, by_file)), seconds(1), other.now);
    EXPECT_TRUE(other.row(0).accepts);
}

TEST_F(Restore, the_files_new_weight_wins) {
    (void)restore(line("pg0", 2, 0, 5, 10));
    EXPECT_EQ(world.row(0).weight, 1U);
}

}  // namespace
}  // namespace pgsteer::health
