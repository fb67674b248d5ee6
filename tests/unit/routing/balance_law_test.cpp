// What each way of balancing promises, over many choices.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "routing/choose.h"

namespace pgsteer::routing {
namespace {

RoutingTable table_of(Balance balance, const std::vector<std::uint32_t>& weights) {
    RoutingTable table;
    BackendRow backend;
    backend.balance = balance;
    backend.shared = std::make_shared<Shared>(1);
    std::vector<WeightedServer> servers;
    std::vector<RingServer> places;
    for (const std::uint32_t weight : weights) {
        const auto id = static_cast<ServerId>(table.servers.size());
        ServerRow row;
        row.weight = weight;
        row.accepts = true;
        row.shared = std::make_shared<Shared>(1);
        servers.push_back({id, weight});
        places.push_back({id, static_cast<std::uint32_t>(index_of(id)) + 1, weight * 16});
        backend.servers.push_back(id);
        table.servers.push_back(std::move(row));
    }
    const bool mapped = balance == Balance::static_rr || balance == Balance::source;
    backend.schedule = mapped ? server_map(servers) : smooth_schedule(servers);
    backend.ring = make_ring(places);
    table.backends.push_back(std::move(backend));
    return table;
}

std::size_t pick(const RoutingTable& table, std::uint32_t hash = 0, std::uint32_t random = 0) {
    ChooseInput input;
    input.source_hash = hash;
    input.random = random;
    return index_of(*choose(table, input));
}

void take(RoutingTable& table, std::size_t server) {
    ASSERT_TRUE(table.servers[server].shared->slots.try_take(unlimited));
    ASSERT_TRUE(table.backends[0].shared->slots.try_take(unlimited));
}

RoutingTable ring_of(const std::vector<std::uint32_t>& weights) {
    RoutingTable table = table_of(Balance::source, weights);
    table.backends[0].consistent = table.backends[0].avalanche = true;
    return table;
}

TEST(BalanceLaw, each_cycle_of_a_roundrobin_holds_the_weights_exactly) {
    const std::vector<std::vector<std::uint32_t>> cases{{1, 1},   {3, 1},           {5, 3, 2},
                                                        {256, 1}, {10, 20, 30, 40}, {7, 0, 3}};
    for (const auto& weights : cases)
        for (const Balance balance : {Balance::roundrobin, Balance::static_rr}) {
            const RoutingTable table = table_of(balance, weights);
            const std::size_t cycle = table.backends[0].schedule.size();
            for (int turn = 0; turn < 3; ++turn) {
                std::map<std::size_t, std::uint64_t> counts;
                for (std::size_t i = 0; i < cycle; ++i)
                    ++counts[pick(table)];
                for (std::size_t a = 0; a < weights.size(); ++a)
                    EXPECT_EQ(counts[a] * weights[0], counts[0] * weights[a]);
            }
        }
}

TEST(BalanceLaw, leastconn_is_never_off_by_more_than_one_as_sessions_come_and_go) {
    const RoutingTable table = table_of(Balance::leastconn, {1, 1, 1, 1});
    std::minstd_rand random(7);
    for (int i = 0; i < 4'000; ++i) {
        const std::size_t chosen = pick(table);
        std::uint32_t least = UINT32_MAX;
        for (const ServerRow& row : table.servers)
            least = std::min(least, row.shared->slots.taken());
        // Whom it chooses had the fewest: nobody is ahead of the others by its doing.
        ASSERT_EQ(table.servers[chosen].shared->slots.taken(), least);
        ASSERT_TRUE(table.servers[chosen].shared->slots.try_take(unlimited));
        const ServerRow& leaves = table.servers[random() % 4];
        if (random() % 2 == 0 && leaves.shared->slots.taken() > 0) leaves.shared->slots.give_back();
    }
}

TEST(BalanceLaw, a_roundrobin_holds_new_weights_from_the_next_cycle_on) {
    RoutingTable table = table_of(Balance::roundrobin, {1, 1, 1});
    const std::vector<std::vector<std::uint32_t>> changes{
        {4, 1, 1}, {2, 5, 3}, {0, 1, 1}, {1, 1, 1}};
    for (const auto& weights : changes) {
        for (int i = 0; i < 7; ++i)  // in the middle of a cycle
            pick(table);
        std::vector<WeightedServer> servers;
        for (std::size_t a = 0; a < weights.size(); ++a) {
            table.servers[a].weight = weights[a];
            servers.push_back({static_cast<ServerId>(a), weights[a]});
        }
        table.backends[0].schedule = smooth_schedule(servers);
        const std::size_t cycle = table.backends[0].schedule.size();
        std::map<std::size_t, std::uint32_t> counts;
        for (std::size_t i = 0; i < cycle; ++i)
            ++counts[pick(table)];
        for (std::size_t a = 0; a < weights.size(); ++a)
            EXPECT_EQ(counts[a], weights[a]);
    }
}

TEST(BalanceLaw, any_part_of_a_cycle_is_close_to_the_weights) {
    // A heavy server does not get its turns in a row: its share is never off by more than the
    // number of servers.
    const std::vector<std::uint32_t> weights{5, 3, 2};
    const RoutingTable table = table_of(Balance::roundrobin, weights);
    std::vector<double> counts(weights.size());
    for (int turn = 1; turn <= 200; ++turn) {
        counts[pick(table)] += 1;
        for (std::size_t a = 0; a < weights.size(); ++a)
            ASSERT_NEAR(counts[a], turn * weights[a] / 10.0, 1.0) << turn;
    }
}

TEST(BalanceLaw, first_fills_each_server_before_the_next_and_comes_back) {
    RoutingTable table = table_of(Balance::first, {1, 1, 1});
    for (ServerRow& row : table.servers)
        row.limit = 3;
    for (std::size_t i = 0; i < 9; ++i) {
        const std::size_t chosen = pick(table);
        EXPECT_EQ(chosen, i / 3);
        take(table, chosen);
    }
    EXPECT_EQ(choose(table, ChooseInput{}), std::nullopt);
    for (const std::size_t left : {2U, 0U, 1U}) {
        table.servers[left].shared->slots.give_back();
        EXPECT_EQ(pick(table), left) << "the first with a free slot";
        take(table, left);
    }
}

TEST(BalanceLaw, sessions_that_only_come_leave_leastconn_no_further_apart_than_one) {
    const std::vector<std::vector<std::uint32_t>> cases{
        {1, 1, 1}, {1, 1, 1, 1, 1}, {3, 1}, {5, 3, 2}};
    for (const auto& weights : cases) {
        RoutingTable table = table_of(Balance::leastconn, weights);
        for (int i = 0; i < 500; ++i) {
            take(table, pick(table));
            // By the share of its weight, no server is ahead of another by more than one session.
            for (std::size_t a = 0; a < weights.size(); ++a)
                for (std::size_t b = 0; b < weights.size(); ++b) {
                    const double load_a = table.servers[a].shared->slots.taken();
                    const double load_b = table.servers[b].shared->slots.taken();
                    ASSERT_LE((load_a - 1) / weights[a], load_b / weights[b] + 1e-9);
                }
        }
    }
}

TEST(BalanceLaw, the_more_draws_the_nearer_is_random_to_leastconn) {
    double before = 1e9;
    for (const std::uint32_t draws : {1U, 2U, 16U}) {
        RoutingTable table = table_of(Balance::random, {1, 1, 1, 1, 1});
        table.backends[0].random_draws = draws;
        std::minstd_rand random(11);
        for (int i = 0; i < 2'000; ++i)
            take(table, pick(table, 0, static_cast<std::uint32_t>(random())));
        std::uint32_t most = 0, least = UINT32_MAX;
        for (const ServerRow& row : table.servers) {
            most = std::max(most, row.shared->slots.taken());
            least = std::min(least, row.shared->slots.taken());
        }
        EXPECT_LE(most - least, before) << draws;
        before = most - least;
    }
    EXPECT_LE(before, 2);
}

TEST(BalanceLaw, a_ring_gives_each_server_about_its_weight_of_the_hashes) {
    const std::vector<std::uint32_t> weights{50, 100, 150};
    RoutingTable table = table_of(Balance::source, weights);
    table.backends[0].consistent = table.backends[0].avalanche = true;
    std::map<std::size_t, double> counts;
    for (std::uint32_t hash = 0; hash < 30'000; ++hash)
        ++counts[pick(table, hash)];
    for (std::size_t a = 0; a < weights.size(); ++a)
        EXPECT_NEAR(counts[a] / 30'000, weights[a] / 300.0, 0.05);
}

TEST(BalanceLaw, leastconn_measures_load_against_weight) {
    RoutingTable table = table_of(Balance::leastconn, {3, 1});
    for (int i = 0; i < 400; ++i)
        take(table, pick(table));
    EXPECT_EQ(table.servers[0].shared->slots.taken(), 300U);
}

TEST(BalanceLaw, random_keeps_to_the_weights_in_the_long_run) {
    RoutingTable table = table_of(Balance::random, {3, 1});
    table.backends[0].random_draws = 1;
    std::minstd_rand random(3);
    std::map<std::size_t, int> counts;
    for (int i = 0; i < 8'000; ++i)
        ++counts[pick(table, 0, static_cast<std::uint32_t>(random()))];
    EXPECT_NEAR(counts[0], 6'000, 200);
}

TEST(BalanceLaw, two_draws_even_out_what_one_does_not) {
    RoutingTable table = table_of(Balance::random, {1, 1, 1, 1});
    table.backends[0].random_draws = 4;
    std::minstd_rand random(3);
    for (int i = 0; i < 400; ++i)
        take(table, pick(table, 0, static_cast<std::uint32_t>(random())));
    for (const ServerRow& row : table.servers)
        EXPECT_NEAR(row.shared->slots.taken(), 100, 4);
}

TEST(BalanceLaw, a_map_gives_each_server_its_weight_of_the_hashes) {
    const RoutingTable table = table_of(Balance::source, {3, 1});
    std::map<std::size_t, int> counts;
    for (std::uint32_t hash = 0; hash < 4'000; ++hash)
        ++counts[pick(table, hash)];
    EXPECT_EQ(counts[0], 3'000);
}

constexpr std::uint32_t hashes = 20'000;

// The share of hashes that go elsewhere, of those that could have stayed and of all.
struct Moved {
    int needlessly = 0;
    double part = 0;
};
Moved moved(const RoutingTable& before, const RoutingTable& after, std::size_t gone) {
    Moved result;
    int all = 0;
    for (std::uint32_t hash = 0; hash < hashes; ++hash) {
        const std::size_t was = pick(before, hash);
        const std::size_t is = pick(after, hash);
        all += was != is;
        result.needlessly += was != is && was != gone && is != gone;
    }
    result.part = static_cast<double>(all) / hashes;
    return result;
}

TEST(BalanceLaw, a_ring_moves_the_hashes_of_the_server_that_goes_and_no_other) {
    for (std::uint32_t count = 2; count <= 8; ++count) {
        const RoutingTable whole = ring_of(std::vector<std::uint32_t>(count, 100));
        for (std::size_t gone = 0; gone < count; ++gone) {
            std::vector<std::uint32_t> weights(count, 100);
            weights[gone] = 0;
            const Moved result = moved(whole, ring_of(weights), gone);
            EXPECT_EQ(result.needlessly, 0);
            EXPECT_LE(result.part, 1.0 / count + 0.05);
        }
    }
}

TEST(BalanceLaw, a_ring_moves_no_more_than_its_share_to_a_server_that_comes) {
    for (std::uint32_t count = 2; count <= 8; ++count) {
        const RoutingTable before = ring_of(std::vector<std::uint32_t>(count, 100));
        const RoutingTable after = ring_of(std::vector<std::uint32_t>(count + 1, 100));
        const Moved result = moved(before, after, count);
        EXPECT_EQ(result.needlessly, 0);
        EXPECT_LE(result.part, 1.0 / (count + 1) + 0.05);
    }
}

TEST(BalanceLaw, no_server_gets_more_than_its_factor_of_the_average_load) {
    for (const std::uint32_t factor : {101U, 125U, 150U, 200U}) {
        RoutingTable table = ring_of({1, 1, 1, 1});
        table.backends[0].balance_factor = factor;
        for (std::uint32_t load = 1; load <= 200; ++load) {
            ASSERT_TRUE(table.backends[0].shared->slots.try_take(unlimited));
            const std::size_t chosen = pick(table, 12345);  // one client opens them all
            ASSERT_TRUE(table.servers[chosen].shared->slots.try_take(unlimited));
            const std::uint64_t most = (std::uint64_t{load} * factor + 99) / 100;
            ASSERT_LE(table.servers[chosen].shared->slots.taken(), (most + 3) / 4);
        }
    }
}

TEST(BalanceLaw, a_turn_that_is_given_back_goes_to_the_same_server) {
    const RoutingTable table = table_of(Balance::roundrobin, {1, 1});
    for (int i = 0; i < 20; ++i) {
        const std::size_t first_try = pick(table);
        give_back_turn(table, static_cast<ServerId>(first_try));
        EXPECT_EQ(pick(table), first_try);
        EXPECT_EQ(first_try, static_cast<std::size_t>(i % 2));
    }
}

TEST(BalanceLaw, turns_of_a_server_that_is_away_do_not_pile_up) {
    RoutingTable table = table_of(Balance::roundrobin, {1, 1});
    for (int i = 0; i < 1'000; ++i)
        give_back_turn(table, ServerId{0});
    table.servers[0].accepts = false;
    table.backends[0].schedule = smooth_schedule({{ServerId{1}, 1}});
    EXPECT_EQ(pick(table), 1U);
    table.servers[0].accepts = true;
    table.backends[0].schedule = smooth_schedule({{ServerId{0}, 1}, {ServerId{1}, 1}});
    std::map<std::size_t, int> counts;
    for (int i = 0; i < 100; ++i)
        ++counts[pick(table)];
    EXPECT_NEAR(counts[0], 50, 8);
}

}  // namespace
}  // namespace pgsteer::routing
