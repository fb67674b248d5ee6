#include "routing/choose.h"

#include <gtest/gtest.h>

#include <map>

namespace pgsteer::routing {
namespace {

struct Spec {
    std::uint32_t weight = 1;
    std::uint32_t limit = unlimited;
    bool backup = false;
    bool accepts = true;
};

RoutingTable table_of(Balance balance, const std::vector<Spec>& specs) {
    RoutingTable table;
    table.version = 1;
    BackendRow backend;
    backend.balance = balance;
    backend.shared = std::make_shared<Shared>(1);
    std::vector<WeightedServer> active;
    std::vector<WeightedServer> backups;
    for (const Spec& spec : specs) {
        const auto id = static_cast<ServerId>(table.servers.size());
        ServerRow row;
        row.weight = spec.weight;
        row.limit = spec.limit;
        row.backup = spec.backup;
        row.accepts = spec.accepts;
        row.shared = std::make_shared<Shared>(1);
        if (spec.accepts) (spec.backup ? backups : active).push_back({id, spec.weight});
        backend.servers.push_back(id);
        table.servers.push_back(std::move(row));
    }
    backend.schedule = smooth_schedule(active.empty() ? backups : active);
    table.backends.push_back(std::move(backend));
    return table;
}

std::optional<std::size_t> pick(const RoutingTable& table, ChooseInput input = {}) {
    const auto id = choose(table, input);
    return id ? std::optional(index_of(*id)) : std::nullopt;
}

std::map<std::size_t, int> picks(const RoutingTable& table, int count) {
    std::map<std::size_t, int> counts;
    for (int i = 0; i < count; ++i)
        ++counts[*pick(table)];
    return counts;
}

TEST(Choose, roundrobin_serves_each_in_turn) {
    const auto table = table_of(Balance::roundrobin, {{}, {}, {}});
    EXPECT_EQ(*pick(table), 0U);
    EXPECT_EQ(*pick(table), 1U);
    EXPECT_EQ(*pick(table), 2U);
    EXPECT_EQ(*pick(table), 0U);
}

TEST(Choose, roundrobin_follows_the_weights) {
    const auto counts = picks(table_of(Balance::roundrobin, {{3}, {1}}), 400);
    EXPECT_EQ(counts.at(0), 300);
    EXPECT_EQ(counts.at(1), 100);
}

TEST(Choose, nobody_is_chosen_while_nobody_accepts) {
    for (const Balance balance : {Balance::roundrobin, Balance::leastconn, Balance::first,
                                  Balance::source, Balance::random})
        EXPECT_FALSE(pick(table_of(balance, {{1, 0, false, false}, {1, 0, false, false}})));
}

TEST(Choose, a_full_server_is_passed_over_and_all_full_means_nobody) {
    for (const Balance balance : {Balance::roundrobin, Balance::leastconn, Balance::first}) {
        const auto table = table_of(balance, {{1, 1}, {1, 1}});
        ASSERT_TRUE(table.servers[0].shared->slots.try_take(1));
        EXPECT_EQ(*pick(table), 1U);
        EXPECT_EQ(*pick(table), 1U);
        ASSERT_TRUE(table.servers[1].shared->slots.try_take(1));
        EXPECT_FALSE(pick(table));
    }
}

TEST(Choose, a_backup_serves_only_while_no_other_accepts) {
    const auto with = table_of(Balance::leastconn, {{1, 0, true}, {}});
    for (int i = 0; i < 4; ++i)
        EXPECT_EQ(*pick(with), 1U);
    const auto without = table_of(Balance::leastconn, {{1, 0, true}, {1, 0, false, false}});
    for (int i = 0; i < 4; ++i)
        EXPECT_EQ(*pick(without), 0U);
}

TEST(Choose, the_server_that_failed_is_avoided_unless_it_is_the_only_one) {
    for (const Balance balance : {Balance::roundrobin, Balance::leastconn, Balance::first,
                                  Balance::source, Balance::random}) {
        ChooseInput input;
        input.avoid = ServerId{0};
        const auto two = table_of(balance, {{}, {}});
        for (int i = 0; i < 6; ++i)
            EXPECT_EQ(*pick(two, input), 1U);
        EXPECT_EQ(*pick(table_of(balance, {{}}), input), 0U);
    }
}

TEST(Choose, leastconn_is_never_off_by_more_than_one) {
    const auto table = table_of(Balance::leastconn, {{}, {}, {}});
    for (int i = 0; i < 100; ++i) {
        table.servers[*pick(table)].shared->slots.try_take(unlimited);
        std::uint32_t most = 0;
        std::uint32_t least = UINT32_MAX;
        for (const auto& row : table.servers) {
            most = std::max(most, row.shared->slots.taken());
            least = std::min(least, row.shared->slots.taken());
        }
        ASSERT_LE(most - least, 1U);
    }
}

TEST(Choose, first_fills_one_server_before_the_next) {
    const auto table = table_of(Balance::first, {{1, 2}, {1, 2}});
    for (const std::size_t expected : {0U, 0U, 1U, 1U}) {
        ASSERT_EQ(*pick(table), expected);
        table.servers[expected].shared->slots.try_take(2);
    }
}

TEST(Choose, source_keeps_a_client_on_its_server) {
    const auto table = table_of(Balance::source, {{}, {}, {}});
    for (std::uint32_t hash = 0; hash < 9; ++hash) {
        ChooseInput input;
        input.source_hash = hash;
        EXPECT_EQ(*pick(table, input), hash % 3);
        EXPECT_EQ(*pick(table, input), hash % 3);
    }
}

TEST(Choose, a_schedule_spreads_heavy_servers_smoothly) {
    const auto schedule = smooth_schedule({{ServerId{0}, 4}, {ServerId{1}, 2}, {ServerId{2}, 2}});
    ASSERT_EQ(schedule.size(), 4U);
    EXPECT_NE(schedule[0], schedule[1]);
    EXPECT_NE(schedule[1], schedule[2]);
    EXPECT_TRUE(smooth_schedule({{ServerId{0}, 0}}).empty());
}

TEST(SlotCount, never_gives_more_slots_than_the_limit) {
    SlotCount slots;
    EXPECT_TRUE(slots.try_take(2));
    EXPECT_TRUE(slots.try_take(2));
    EXPECT_FALSE(slots.try_take(2));
    slots.give_back();
    EXPECT_TRUE(slots.try_take(2));
    EXPECT_EQ(slots.taken(), 2U);
}

TEST(WaitBoard, the_oldest_ticket_is_next) {
    WaitBoard board;
    EXPECT_FALSE(board.next_worker(3));
    const Ticket older = board.draw_ticket();
    board.publish(WorkerId{1}, board.draw_ticket());
    board.publish(WorkerId{2}, older);
    EXPECT_EQ(board.next_worker(3), WorkerId{2});
    board.clear(WorkerId{2});
    EXPECT_EQ(board.next_worker(3), WorkerId{1});
}

}  // namespace
}  // namespace pgsteer::routing
