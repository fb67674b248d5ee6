#include "base/match.h"

#include <gtest/gtest.h>

#include "base/condition.h"

namespace pgsteer {
namespace {

Address ip(const char* text) {
    return *Address::from_literal(text, Port{5432});
}

bool in(const char* network, const char* address) {
    return Network::parse(network)->has(ip(address));
}

TEST(Network, has_the_addresses_whose_first_bits_are_its_own) {
    EXPECT_TRUE(in("10.0.0.0/8", "10.255.1.2"));
    EXPECT_FALSE(in("10.0.0.0/8", "11.0.0.1"));
    EXPECT_TRUE(in("192.168.4.0/255.255.252.0", "192.168.7.9"));
    EXPECT_FALSE(in("192.168.4.0/22", "192.168.8.0"));
    EXPECT_TRUE(in("2001:db8::/33", "2001:db8:7fff::1"));
    EXPECT_FALSE(in("2001:db8::/33", "2001:db8:8000::1"));
    EXPECT_TRUE(in("0.0.0.0/0", "1.2.3.4"));
    EXPECT_FALSE(in("0.0.0.0/0", "::1"));
}

TEST(Network, an_ipv4_client_of_an_ipv6_socket_is_an_ipv4_client) {
    EXPECT_TRUE(in("10.0.0.0/8", "::ffff:10.1.2.3"));
}

TEST(Network, refuses_what_is_none) {
    for (const char* text : {"", "10.0.0.0/33", "10.0.0.0/255.0.255.0", "db.example", "::1/129"})
        EXPECT_FALSE(Network::parse(text)) << text;
}

TEST(Ranges, are_read_as_haproxy_writes_them) {
    EXPECT_EQ(*parse_range("5"), (Range{5, 5}));
    EXPECT_EQ(*parse_range("1:10"), (Range{1, 10}));
    EXPECT_EQ(parse_range(":10")->highest, 10);
    EXPECT_EQ(parse_range("10:")->lowest, 10);
    EXPECT_EQ(parse_range("3.1")->lowest, 3 * 65536 + 1);
    EXPECT_EQ(parse_range("-1")->lowest, -1);
    for (const char* text : {"", ":", "x", "1x", "10:1", "1:x", "1.x"})
        EXPECT_FALSE(parse_range(text)) << text;
}

TEST(Match, texts_are_compared_in_each_way) {
    const auto fits = [](Match::Kind kind, std::string_view text, const char* pattern) {
        Match match;
        match.kind = kind;
        match.texts = {pattern};
        return match.has(Value(text));
    };
    EXPECT_TRUE(fits(Match::Kind::equal, "abc", "abc"));
    EXPECT_FALSE(fits(Match::Kind::equal, "abc", "ab"));
    EXPECT_TRUE(fits(Match::Kind::begin, "abc", "ab"));
    EXPECT_TRUE(fits(Match::Kind::end, "abc", "bc"));
    EXPECT_TRUE(fits(Match::Kind::part, "abc", "b"));
    EXPECT_TRUE(fits(Match::Kind::directory, "a/b/c", "b"));
    EXPECT_FALSE(fits(Match::Kind::directory, "a/bb/c", "b"));
    EXPECT_TRUE(fits(Match::Kind::domain, "a.b.c", "b.c"));
    EXPECT_FALSE(fits(Match::Kind::domain, "a.bb.c", "b"));
}

// What the tests of a condition answer, by their numbers.
Truth truth_of(const Condition<int>& condition, const std::vector<Truth>& answers) {
    return evaluate(condition, [&](int test) { return answers[static_cast<std::size_t>(test)]; });
}

constexpr Truth no = Truth::no;
constexpr Truth yes = Truth::yes;
constexpr Truth unknown = Truth::unknown;

TEST(Condition, is_an_or_of_ands) {
    const Condition<int> condition{{{{false, {0}}, {true, {1}}}, {{false, {2}}}}, false};
    EXPECT_EQ(truth_of(condition, {yes, no, no}), yes);
    EXPECT_EQ(truth_of(condition, {yes, yes, no}), no);
    EXPECT_EQ(truth_of(condition, {no, no, yes}), yes);
}

TEST(Condition, what_bytes_to_come_may_decide_is_not_decided_before) {
    const Condition<int> condition{{{{false, {0}}, {false, {1}}}, {{false, {2}}}}, false};
    EXPECT_EQ(truth_of(condition, {unknown, yes, no}), unknown);
    EXPECT_EQ(truth_of(condition, {unknown, no, no}), no);
    EXPECT_EQ(truth_of(condition, {unknown, yes, yes}), yes);
    EXPECT_EQ(truth_of({{{{true, {0}}}}, false}, {unknown}), unknown);
    EXPECT_EQ(truth_of({{{{false, {0}}}}, true}, {unknown}), unknown);
}

TEST(Condition, an_acl_of_two_lines_holds_when_either_does) {
    const Condition<int> condition{{{{false, {0, 1}}}}, false};
    EXPECT_EQ(truth_of(condition, {no, yes}), yes);
    EXPECT_EQ(truth_of(condition, {unknown, no}), unknown);
    EXPECT_EQ(truth_of({{{{true, {0, 1}}}}, false}, {no, yes}), no);
}

TEST(Condition, without_words_holds_always) {
    EXPECT_EQ(truth_of({}, {}), yes);
    EXPECT_EQ(truth_of({{}, true}, {}), no);
}

}  // namespace
}  // namespace pgsteer
