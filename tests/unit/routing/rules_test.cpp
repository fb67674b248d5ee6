#include "routing/rules.h"

#include <gtest/gtest.h>

namespace pgsteer::routing {
namespace {

constexpr BackendId the_backend{0};

// A frontend and a backend, and servers that are all up.
struct World {
    explicit World(std::size_t servers) {
        BackendRow backend;
        backend.name = "masters";
        backend.number = 2;
        backend.shared = std::make_shared<Shared>(1);
        for (std::size_t i = 0; i < servers; ++i) {
            backend.servers.push_back(static_cast<ServerId>(i));
            ServerRow row;
            row.name = "s" + std::to_string(i);
            row.accepts = true;
            row.cause = Cause::up;
            row.shared = std::make_shared<Shared>(1);
            table.servers.push_back(std::move(row));
        }
        table.backends.push_back(std::move(backend));
        FrontendRow front;
        front.name = "write";
        front.number = 1;
        front.shared = std::make_shared<Shared>(1);
        table.frontends.push_back(std::move(front));
        table.shared = std::make_shared<Shared>(1);
    }

    void down(std::size_t server, Cause cause = Cause::check_failed) {
        table.servers[server].accepts = false;
        table.servers[server].cause = cause;
    }

    Facts facts(std::string_view bytes = {}) const {
        Facts facts{.table = table,
                    .frontend = {},
                    .backend = {},
                    .client = *Address::from_literal("10.1.2.3", Port{4000}),
                    .destination = *Address::from_literal("10.0.0.1", Port{5432}),
                    .bytes = std::as_bytes(std::span(bytes.data(), bytes.size())),
                    .now = TimePoint(seconds(100))};
        return facts;
    }

    RoutingTable table;
};

Arguments of_backend() {
    Arguments arguments;
    arguments.backend = the_backend;
    return arguments;
}

std::int64_t number(const World& world, std::string_view fetch, const Arguments& arguments) {
    const Sampled sampled = find_fetch(fetch)(world.facts(), arguments);
    if (const bool* const truth = std::get_if<bool>(&*sampled.value)) return *truth ? 1 : 0;
    return std::get<std::int64_t>(*sampled.value);
}

Condition<Test> when(std::string_view fetch, Arguments arguments, Range range) {
    Match match;
    match.kind = Match::Kind::integer;
    match.ranges = {range};
    Condition<Test> condition;
    condition.any = {{Term<Test>{false, {Test{{find_fetch(fetch), std::move(arguments)}, match}}}}};
    return condition;
}

Truth ask(const World& world, const Condition<Test>& condition, bool may_settle = true) {
    Facts facts = world.facts();
    facts.may_settle = may_settle;
    return holds(condition, facts);
}

TEST(UsableServers, are_those_that_accept_and_have_a_weight) {
    World world(4);
    world.down(1);
    world.table.servers[2].weight = 0;
    EXPECT_EQ(number(world, "nbsrv", of_backend()), 2);
}

TEST(UsableServers, several_backups_count_as_one_unless_all_serve) {
    World world(3);
    world.table.servers[1].backup = world.table.servers[2].backup = true;
    EXPECT_EQ(number(world, "nbsrv", of_backend()), 1);
    world.down(0);
    EXPECT_EQ(number(world, "nbsrv", of_backend()), 1);
    world.table.backends[0].all_backups = true;
    EXPECT_EQ(number(world, "nbsrv", of_backend()), 2);
}

TEST(FirstVerdicts, decide_what_depends_on_them) {
    World world(3);
    world.down(0, Cause::never_judged);
    const auto one = when("nbsrv", of_backend(), {1, 1});
    EXPECT_EQ(ask(world, one), Truth::no) << "two are up already";
    world.down(1);
    EXPECT_EQ(ask(world, one), Truth::unknown) << "one is up, and another may be";
    world.down(2);
    EXPECT_EQ(ask(world, one), Truth::unknown);
    world.down(0);
    EXPECT_EQ(ask(world, one), Truth::no);
}

TEST(FirstVerdicts, are_not_waited_for_where_they_change_nothing) {
    World world(3);
    world.down(0, Cause::election_open);
    EXPECT_EQ(ask(world, when("nbsrv", of_backend(), {1, 9})), Truth::yes);
    EXPECT_EQ(ask(world, when("nbsrv", of_backend(), {4, 9})), Truth::no);
}

TEST(FirstVerdicts, count_as_bad_when_nobody_can_wait_any_more) {
    World world(2);
    world.down(0, Cause::never_judged);
    EXPECT_EQ(ask(world, when("nbsrv", of_backend(), {1, 1}), false), Truth::yes);
}

TEST(FirstVerdicts, of_an_active_server_may_take_backups_out_of_service) {
    World world(3);
    world.table.servers[1].backup = world.table.servers[2].backup = true;
    world.table.backends[0].all_backups = true;
    world.down(0, Cause::never_judged);
    EXPECT_EQ(ask(world, when("nbsrv", of_backend(), {2, 2})), Truth::unknown);
    EXPECT_EQ(ask(world, when("nbsrv", of_backend(), {3, 9})), Truth::no);
}

TEST(FirstVerdicts, of_one_server_are_asked_for_by_its_name) {
    World world(1);
    Arguments arguments;
    arguments.server = ServerId{0};
    const auto up = when("srv_is_up", arguments, {1, 1});
    EXPECT_EQ(ask(world, up), Truth::yes);
    world.down(0, Cause::never_judged);
    EXPECT_EQ(ask(world, up), Truth::unknown);
    EXPECT_EQ(ask(world, up, false), Truth::no);
}

TEST(ChooseBackend, stops_where_a_rule_waits_for_verdicts) {
    World world(1);
    FrontRules rules;
    rules.backends.push_back({BackendId{1}, when("nbsrv", of_backend(), {0, 0})});
    rules.backends.push_back({BackendId{2}, {}});
    Facts facts = world.facts();
    EXPECT_EQ(choose_backend(rules, facts).backend, BackendId{2});
    world.down(0, Cause::never_judged);
    facts.may_settle = true;
    EXPECT_EQ(choose_backend(rules, facts).truth, Truth::unknown);
    world.down(0);
    EXPECT_EQ(choose_backend(rules, facts).backend, BackendId{1});
}

TEST(ChooseServer, takes_one_that_drains_but_none_that_is_down) {
    World world(2);
    BackRules rules;
    rules.servers = {{ServerId{0}, {}}, {ServerId{1}, {}}};
    world.down(0);
    EXPECT_EQ(choose_server(rules, world.facts()).server, ServerId{1});
    world.down(0, Cause::draining);
    EXPECT_EQ(choose_server(rules, world.facts()).server, ServerId{0});
}

TEST(ChooseServer, waits_for_the_first_verdict_of_the_one_that_is_named) {
    World world(2);
    BackRules rules;
    rules.servers = {{ServerId{0}, {}}, {ServerId{1}, {}}};
    world.down(0, Cause::never_judged);
    Facts facts = world.facts();
    facts.may_settle = true;
    EXPECT_EQ(choose_server(rules, facts).truth, Truth::unknown);
    facts.may_settle = false;
    EXPECT_EQ(choose_server(rules, facts).server, ServerId{1});
}

TEST(Rates, are_those_of_the_last_second) {
    World world(1);
    RateCell& rate = world.table.backends[0].shared->of(WorkerId{0}).rate;
    for (int i = 0; i < 5; ++i)
        rate.add(TimePoint(milliseconds(99'500)));
    EXPECT_EQ(number(world, "be_sess_rate", of_backend()), 5) << "of the second before, whole";
    rate.add(TimePoint(seconds(100)));
    EXPECT_EQ(number(world, "be_sess_rate", of_backend()), 6);
}

TEST(Fetches, free_places_are_those_of_servers_that_may_be_chosen) {
    World world(3);
    for (ServerRow& row : world.table.servers)
        row.limit = 10;
    world.table.servers[2].backup = true;
    (void)world.table.servers[0].shared->slots.try_take(10);
    EXPECT_EQ(number(world, "be_conn_free", of_backend()), 19);
    world.table.servers[1].limit = unlimited;
    EXPECT_EQ(number(world, "be_conn_free", of_backend()), -1);
    world.down(0);
    world.down(1);
    EXPECT_EQ(number(world, "be_conn_free", of_backend()), 10);
}

TEST(Fetches, numbers_of_proxies_are_haproxys) {
    const World world(1);
    EXPECT_EQ(number(world, "fe_id", {}), 1);
    EXPECT_EQ(number(world, "be_id", {}), 2);
}

TEST(Pass, waits_for_the_last_form_of_a_key_and_for_the_first_of_a_captured_value) {
    const World world(1);
    const struct {
        RuleAction action;
        std::string_view fetch;
        std::vector<std::int64_t> numbers;
        Passage passage;
    } rows[] = {
        {RuleAction::capture, "req.payload", {0, 4}, Passage::undecided},
        {RuleAction::capture, "req.payload", {0, 2}, Passage::accepted},
        {RuleAction::capture, "req.payload", {0, 0}, Passage::accepted},
        {RuleAction::capture, "wait_end", {}, Passage::undecided},
        {RuleAction::track, "req.payload", {0, 2}, Passage::accepted},
        {RuleAction::track, "req.payload", {0, 0}, Passage::undecided},
        {RuleAction::track, "req.len", {}, Passage::undecided},
    };
    for (const auto& row : rows) {
        std::vector<Rule> rules(1);
        rules[0].action = row.action;
        rules[0].sample.fetch = find_fetch(row.fetch);
        rules[0].sample.arguments.numbers = row.numbers;
        Facts facts = world.facts("ab");
        facts.may_grow = true;
        std::uint32_t next = 0;
        int had_their_say = 0;
        const auto act = [&](const Rule&, const Sampled&) { ++had_their_say; };
        EXPECT_EQ(pass(rules, facts, next, act), row.passage) << row.fetch;
        EXPECT_EQ(had_their_say, row.passage == Passage::accepted ? 1 : 0) << row.fetch;
        facts.may_grow = false;
        next = 0;
        EXPECT_EQ(pass(rules, facts, next, act), Passage::accepted) << row.fetch;
    }
}

TEST(Captured, values_are_there_for_later_rules_and_for_the_log) {
    const World world(1);
    Facts facts = world.facts();
    const std::vector<std::string> kept{"", "pg"};
    facts.captured = kept;
    const auto sample = [&](std::int64_t place) {
        Arguments arguments;
        arguments.numbers = {place};
        return find_fetch("capture.req.hdr")(facts, arguments).value;
    };
    EXPECT_EQ(sample(1), Value(std::string_view("pg")));
    EXPECT_FALSE(sample(0)) << "its rule kept nothing";
    EXPECT_FALSE(sample(2)) << "there is no such rule";
}

TEST(Payload, is_unknown_until_its_bytes_are_there) {
    const World world(1);
    Arguments four_at_two;
    four_at_two.numbers = {2, 4};
    const auto sample = [&](std::string_view bytes) {
        return find_fetch("req.payload")(world.facts(bytes), four_at_two);
    };
    EXPECT_TRUE(sample("12345").may_change);
    EXPECT_FALSE(sample("12345").value);
    ASSERT_TRUE(sample("1234567").value);
    EXPECT_EQ(std::get<std::string_view>(*sample("1234567").value), "3456");
}

}  // namespace
}  // namespace pgsteer::routing
