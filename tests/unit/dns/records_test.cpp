#include "dns/records.h"

#include <ares.h>
#include <gtest/gtest.h>

#include "dns/resolv_conf.h"

namespace pgsteer::dns {
namespace {

using Bytes = std::vector<std::uint8_t>;

void add(Bytes& bytes, const Bytes& more) {
    bytes.insert(bytes.end(), more.begin(), more.end());
}

// An answer about "db.x" with these records, each its type and its data.
Bytes packet(std::uint8_t type, const std::vector<Bytes>& records) {
    Bytes bytes{0, 1, 0x85, 0x80, 0, 1, 0, static_cast<std::uint8_t>(records.size()), 0, 0, 0, 0};
    add(bytes, {2, 'd', 'b', 1, 'x', 0, 0, type, 0, 1});
    for (const Bytes& data : records) {
        add(bytes,
            {0xc0, 12, 0, type, 0, 1, 0, 0, 0, 1, 0, static_cast<std::uint8_t>(data.size())});
        add(bytes, data);
    }
    return bytes;
}

constexpr std::uint8_t a = 1, aaaa = 28, srv = 33;

TEST(Records, OfTheTypeAskedForAreTaken) {
    const Answer answer = read_answer(Type::a, ARES_SUCCESS,
                                      packet(a, {{10, 0, 0, 1}, {10, 0, 0, 2}, {10, 0, 0, 1}}));
    EXPECT_EQ(answer.status, Status::valid);
    ASSERT_EQ(answer.addresses.size(), 2U);
    EXPECT_EQ(answer.addresses[1].host(), "10.0.0.2");
    const Bytes ip{0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    const Answer six = read_answer(Type::aaaa, ARES_SUCCESS, packet(aaaa, {ip}));
    ASSERT_EQ(six.addresses.size(), 1U);
    EXPECT_EQ(six.addresses[0].host(), "2001:db8::1");
}

TEST(Records, OfAServiceHaveHostPortAndWeight) {
    const Answer answer = read_answer(Type::srv, ARES_SUCCESS,
                                      packet(srv, {{0, 1, 0, 9, 0x15, 0x38, 1, 'a', 1, 'x', 0}}));
    ASSERT_EQ(answer.targets.size(), 1U);
    EXPECT_EQ(answer.targets[0], (Target{"a.x", Port{5432}, 0}));
    EXPECT_EQ(answer.targets[0].weight, 9);
}

TEST(Records, AnAnswerWithoutAnyIsNoValidOne) {
    EXPECT_EQ(read_answer(Type::a, ARES_SUCCESS, packet(a, {})).status, Status::other);
    EXPECT_EQ(read_answer(Type::a, ARES_ENODATA, packet(a, {})).status, Status::other);
    const Bytes no_service{0, 0, 0, 0, 0, 0, 0};
    EXPECT_EQ(read_answer(Type::srv, ARES_SUCCESS, packet(srv, {no_service})).status,
              Status::other);
}

TEST(Records, ErrorsKeepTheirKind) {
    EXPECT_EQ(read_answer(Type::a, ARES_ENOTFOUND, {}).status, Status::nx);
    EXPECT_EQ(read_answer(Type::a, ARES_EREFUSED, {}).status, Status::refused);
    EXPECT_EQ(read_answer(Type::a, ARES_ETIMEOUT, {}).status, Status::timeout);
    EXPECT_EQ(read_answer(Type::a, ARES_ECONNREFUSED, {}).status, Status::timeout);
    EXPECT_EQ(read_answer(Type::a, ARES_ESERVFAIL, {}).status, Status::other);
}

TEST(Records, OfACutPacketAreNoneAtAll) {
    const Bytes whole = packet(a, {{10, 0, 0, 1}, {10, 0, 0, 2}});
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const Answer answer = read_answer(Type::a, ARES_SUCCESS, std::span(whole).first(size));
        EXPECT_EQ(answer.status, Status::other) << size;
        EXPECT_TRUE(answer.addresses.empty()) << size;
    }
}

TEST(ResolvConf, OnlyNameServersAreRead) {
    const auto found = read_resolv_conf(
        "# nameserver 10.0.0.9\nsearch x\n nameserver\t10.0.0.1 \r\nnameserver 2001:db8::1\n"
        "nameserver\nnameserver host\nnameservers 10.0.0.8\nnameserver 10.0.0.2");
    ASSERT_EQ(found.size(), 3U);
    EXPECT_EQ(found[0].address.text(), "10.0.0.1:53");
    EXPECT_EQ(found[0].name, "10.0.0.1");
    EXPECT_EQ(found[1].address.text(), "[2001:db8::1]:53");
    EXPECT_EQ(found[2].address.text(), "10.0.0.2:53");
    EXPECT_FALSE(found[2].tcp);
}

}  // namespace
}  // namespace pgsteer::dns
