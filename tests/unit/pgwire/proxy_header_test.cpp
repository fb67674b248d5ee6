#include "pgwire/proxy_header.h"

#include <gtest/gtest.h>

#include "pgwire/proxy_protocol.h"

namespace pgsteer::pgwire {
namespace {

const Address v4 = *Address::from_literal("10.1.2.3", Port{4000});
const Address other_v4 = *Address::from_literal("10.0.0.1", Port{5432});
const Address v6 = *Address::from_literal("2001:db8::1", Port{1});

constexpr Announcement version_1{true, false, false, false};
constexpr Announcement version_2{false, true, false, false};

ProxyHeader read(const std::string& text) {
    return read_proxy_header(std::as_bytes(std::span(text)));
}

TEST(OwnProxyHeader, version_1_is_a_line) {
    EXPECT_EQ(proxy_header(version_1, v4, other_v4), "PROXY TCP4 10.1.2.3 10.0.0.1 4000 5432\r\n");
    EXPECT_EQ(proxy_header(version_1, v6, other_v4),
              "PROXY TCP6 2001:db8::1 ::ffff:10.0.0.1 1 5432\r\n");
    EXPECT_EQ(proxy_header(version_1, Address(), Address()), "PROXY UNKNOWN\r\n");
    EXPECT_EQ(proxy_header(Announcement{}, v4, other_v4), "");
}

TEST(OwnProxyHeader, what_we_write_is_what_we_read) {
    for (const bool checksum : {false, true})
        for (const bool tls : {false, true})
            for (const Address& from : {v4, v6}) {
                const std::string header =
                    proxy_header({false, true, checksum, tls}, from, other_v4);
                const ProxyHeader found = read(header);
                ASSERT_EQ(found.found, ProxyHeader::Found::yes);
                EXPECT_EQ(found.size, header.size());
                EXPECT_LE(header.size(), longest_own_header);
                EXPECT_EQ(found.source, from);
                EXPECT_EQ(found.destination.port(), Port{5432});
            }
}

TEST(OwnProxyHeader, version_2_of_an_unknown_client_says_local) {
    const std::string header = proxy_header(version_2, Address(), v4);
    EXPECT_EQ(header.substr(12), std::string("\x20\0\0\0", 4));
    EXPECT_EQ(read(header).found, ProxyHeader::Found::yes);
}

}  // namespace
}  // namespace pgsteer::pgwire
