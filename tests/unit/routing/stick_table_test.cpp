#include "routing/stick_table.h"

#include <gmock/gmock.h>

namespace pgsteer::routing {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;

TableSpec spec(KeyType type = KeyType::string, std::uint32_t size = 4,
               milliseconds expire = seconds(30)) {
    TableSpec made;
    made.type = type;
    made.key_length = 8;
    made.size = size;
    made.expire = expire;
    made.columns = {
        {Stored::gpc0}, {Stored::conn_cnt}, {Stored::conn_rate, seconds(10)}, {Stored::conn_cur}};
    return made;
}

const TimePoint start{std::chrono::hours(1)};

std::vector<std::string> keys(StickTable& table, TimePoint now) {
    std::vector<std::string> found;
    for (const StickTable::Line& line : table.lines({}, now))
        found.push_back(line.key);
    return found;
}

TEST(StickTable, remembers_a_server_until_it_was_not_used_for_expire) {
    StickTable table("t", spec());
    table.keep("k", {2, "pg2"}, start);
    EXPECT_EQ(table.server_of("k", start + seconds(20))->name, "pg2");
    EXPECT_EQ(table.server_of("k", start + seconds(49))->number, 2U) << "asking was a use";
    EXPECT_FALSE(table.server_of("k", start + seconds(80)));
    EXPECT_EQ(table.used(start + seconds(80)), 0U);
}

TEST(StickTable, without_expire_it_remembers_as_long_as_there_is_room) {
    StickTable table("t", spec(KeyType::string, 4, milliseconds(0)));
    table.keep("k", {1, "a"}, start);
    EXPECT_TRUE(table.server_of("k", start + std::chrono::hours(10'000)));
}

TEST(StickTable, drops_what_was_not_used_longest_when_it_is_full) {
    StickTable table("t", spec());
    for (const char* const key : {"a", "b", "c", "d"})
        table.keep(key, {1, "x"}, start);
    (void)table.server_of("a", start);
    EXPECT_TRUE(table.keep("e", {1, "x"}, start));
    EXPECT_THAT(keys(table, start), ElementsAre("a", "c", "d", "e"));
}

TEST(StickTable, a_large_table_makes_room_for_a_256th_at_once_as_haproxy) {
    StickTable table("t", spec(KeyType::integer, 1024));
    for (std::int64_t i = 0; i <= 1024; ++i)
        table.keep(*key_of(table.spec(), Value(i)), {1, "x"}, start);
    EXPECT_EQ(table.used(start), 1024U - 5 + 1);
    EXPECT_EQ(table.lines({}, start).front().key, "5");
}

TEST(StickTable, with_nopurge_it_takes_nothing_new_when_it_is_full) {
    TableSpec full = spec(KeyType::string, 1);
    full.no_purge = true;
    StickTable table("t", full);
    EXPECT_TRUE(table.keep("a", {1, "x"}, start));
    EXPECT_FALSE(table.keep("b", {1, "x"}, start));
    EXPECT_EQ(table.hold("b", start), nullptr);
    EXPECT_TRUE(table.keep("b", {1, "x"}, start + seconds(31))) << "what has expired makes room";
}

TEST(StickTable, an_entry_that_is_counted_in_neither_expires_nor_makes_room) {
    StickTable table("t", spec(KeyType::string, 1));
    StickTable::Entry* const entry = table.hold("a", start);
    EXPECT_FALSE(table.keep("b", {1, "x"}, start + seconds(100)));
    EXPECT_EQ(table.clear({}, start), 1U);
    table.release(*entry, start + seconds(100));
    EXPECT_TRUE(table.keep("b", {1, "x"}, start + seconds(100)));
    EXPECT_THAT(keys(table, start + seconds(100)), ElementsAre("b"));
}

TEST(StickTable, counts_and_says_how_many_in_the_last_period) {
    StickTable table("t", spec());
    StickTable::Entry* const entry = table.hold("a", start);
    for (int i = 0; i < 10; ++i)
        table.count(*entry, {{Stored::conn_cnt}, {Stored::conn_cur}}, start);
    table.count(*entry, {{Stored::conn_cur, -3}}, start);
    EXPECT_EQ(table.value(*entry, Stored::conn_cnt, start), 10U);
    EXPECT_EQ(table.value(*entry, Stored::conn_cur, start), 7U);
    EXPECT_EQ(table.value(*entry, Stored::conn_rate, start), 10U);
    EXPECT_EQ(table.value(*entry, Stored::conn_rate, start + seconds(15)), 5U) << "half is left";
    EXPECT_EQ(table.value(*entry, Stored::conn_rate, start + seconds(21)), 0U);
    EXPECT_FALSE(table.value(*entry, Stored::sess_cnt, start)) << "not stored";
    table.count(*entry, {{Stored::conn_cur, -100}}, start);
    EXPECT_EQ(table.value(*entry, Stored::conn_cur, start), 0U) << "never below";
    table.release(*entry, start);
}

TEST(StickTable, shows_and_clears_what_a_filter_takes) {
    StickTable table("t", spec());
    table.set("a", {{Stored::gpc0, 1}}, start);
    table.set("b", {{Stored::gpc0, 5}}, start);
    using Is = StickTable::Filter::Is;
    StickTable::Filter above;
    above.data = {{Stored::gpc0, Is::above, 1}};
    ASSERT_EQ(table.lines(above, start).size(), 1U);
    EXPECT_EQ(table.lines(above, start)[0].key, "b");
    EXPECT_EQ(table.clear(above, start), 0U);
    EXPECT_THAT(keys(table, start), ElementsAre("a"));
}

TEST(StickKey, is_what_haproxy_makes_of_a_value_for_the_tables_type) {
    const Address v4 = *Address::from_literal("10.1.2.3", Port{5}),
                  v6 = *Address::from_literal("2001:db8::1", Port{5}),
                  mapped = *Address::from_literal("::ffff:10.1.2.3", Port{5});
    const auto shown = [](KeyType type, const Value& value) {
        const TableSpec its = spec(type);
        const auto key = key_of(its, value);
        return key ? key_text(its, *key) : "none";
    };
    EXPECT_EQ(shown(KeyType::ip, v4), "10.1.2.3");
    EXPECT_EQ(shown(KeyType::ip, mapped), "10.1.2.3");
    EXPECT_EQ(shown(KeyType::ip, v6), "none");
    EXPECT_EQ(shown(KeyType::ip, Address()), "none") << "a client of a unix socket";
    EXPECT_EQ(shown(KeyType::ip, Value(std::string_view("10.1.2.3"))), "10.1.2.3");
    EXPECT_EQ(shown(KeyType::ipv6, v4), "::ffff:10.1.2.3");
    EXPECT_EQ(shown(KeyType::ipv6, v6), "2001:db8::1");
    EXPECT_EQ(shown(KeyType::integer, Value(std::int64_t{7})), "7");
    EXPECT_EQ(shown(KeyType::integer, v4), "167838211");
    EXPECT_EQ(shown(KeyType::integer, Value(std::string_view("12x"))), "none");
    EXPECT_EQ(shown(KeyType::string, Value(std::string_view("longer than 8"))), "longer t");
    EXPECT_EQ(shown(KeyType::string, v4), "10.1.2.3");
    EXPECT_EQ(shown(KeyType::binary, Value(std::string_view("\x01z"))), "017A000000000000");
}

}  // namespace
}  // namespace pgsteer::routing
