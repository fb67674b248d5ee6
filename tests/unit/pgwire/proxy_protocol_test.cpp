#include "pgwire/proxy_protocol.h"

#include <gtest/gtest.h>

#include <string>

namespace pgsteer::pgwire {
namespace {

using Found = ProxyHeader::Found;
using namespace std::string_literals;

ProxyHeader read(const std::string& text) {
    return read_proxy_header(std::as_bytes(std::span(text)));
}

const std::string signature = "\r\n\r\n\0\r\nQUIT\n"s;
const std::string ipv4 = "\x0a\x01\x02\x03\x0a\x00\x00\x01\x0f\xa0\x15\x38"s;

TEST(ProxyHeader, version_1_names_both_ends) {
    const auto header = read("PROXY TCP4 10.1.2.3 10.0.0.1 4000 5432\r\nrest");
    ASSERT_EQ(header.found, Found::yes);
    EXPECT_EQ(header.size, 40U);
    EXPECT_EQ(header.source.text(), "10.1.2.3:4000");
    EXPECT_EQ(header.destination.text(), "10.0.0.1:5432");
    EXPECT_EQ(read("PROXY TCP6 ::1 2001:db8::1 1 2\r\n").source.text(), "[::1]:1");
}

TEST(ProxyHeader, version_1_may_say_that_it_does_not_know) {
    const auto header = read("PROXY UNKNOWN whatever follows\r\n");
    EXPECT_EQ(header.found, Found::yes);
    EXPECT_FALSE(header.source.is_ip());
}

TEST(ProxyHeader, version_2_names_both_ends_and_its_extensions_are_skipped) {
    const auto header = read(signature + "\x21\x11\x00\x0f"s + ipv4 + "\x04\x00\x00"s + "rest");
    ASSERT_EQ(header.found, Found::yes);
    EXPECT_EQ(header.size, 31U);
    EXPECT_EQ(header.source.text(), "10.1.2.3:4000");
    EXPECT_EQ(header.destination.text(), "10.0.0.1:5432");
}

TEST(ProxyHeader, version_2_may_carry_a_checksum_that_must_be_right) {
    const std::string head = signature + "\x21\x11\x00\x13"s + ipv4 + "\x03\x00\x04"s;
    // By the definition of CRC-32C, over the header with zeroes in its place.
    std::uint32_t crc = 0xffffffff;
    for (const char byte : head + "\0\0\0\0"s) {
        crc ^= static_cast<std::uint8_t>(byte);
        for (int bit = 0; bit < 8; ++bit)
            crc = crc >> 1 ^ ((crc & 1) != 0 ? 0x82F63B78U : 0U);
    }
    crc ^= 0xffffffff;
    std::string sum;
    for (const int shift : {24, 16, 8, 0})
        sum.push_back(static_cast<char>(crc >> shift));
    EXPECT_EQ(read(head + sum).found, Found::yes);
    sum[3] = static_cast<char>(sum[3] ^ 1);
    EXPECT_EQ(read(head + sum).found, Found::no);
}

TEST(ProxyHeader, extensions_end_where_the_header_ends) {
    const auto with = [](const std::string& extensions) {
        const auto size = static_cast<char>(12 + extensions.size());
        return read(signature + "\x21\x11\x00"s + size + ipv4 + extensions + "rest").found;
    };
    EXPECT_EQ(with("\x04\x00\x02xy"s), Found::yes);
    EXPECT_EQ(with("\x04\x00\x03xy"s), Found::no);
    EXPECT_EQ(with("\x04\x00"s), Found::no);
    EXPECT_EQ(with("\x03\x00\x03xyz"s), Found::no) << "a checksum has four bytes";
}

TEST(ProxyHeader, version_2_may_speak_for_itself) {
    const auto header = read(signature + "\x20\x00\x00\x00"s);
    EXPECT_EQ(header.found, Found::yes);
    EXPECT_EQ(header.size, 16U);
    EXPECT_FALSE(header.source.is_ip());
}

TEST(ProxyHeader, every_beginning_of_a_header_is_waited_on) {
    for (const std::string& whole :
         {"PROXY TCP4 10.1.2.3 10.0.0.1 4000 5432\r\n"s, signature + "\x21\x11\x00\x0c"s + ipv4})
        for (std::size_t size = 0; size < whole.size(); ++size)
            EXPECT_EQ(read(whole.substr(0, size)).found, Found::incomplete) << size;
}

TEST(ProxyHeader, what_is_none_is_seen_at_once) {
    for (const std::string& text :
         {"\0\0\0\x08"s, "PROXX"s, "PROXY TCP4 1.2.3.4 10.0.0.1 4000\r\n"s,
          "PROXY TCP4 1.2.3.4 ::1 1 2\r\n"s, "PROXY TCP4 1.2.3.4 10.0.0.1 70000 1\r\n"s,
          "PROXY " + std::string(200, '1'), signature + "\x11\x11\x00\x0c"s + ipv4,
          signature + "\x22\x11\x00\x0c"s + ipv4, signature + "\x21\x11\x00\x04"s + ipv4,
          signature + "\x21\x11\xff\xff"s})
        EXPECT_EQ(read(text).found, Found::no) << text;
}

}  // namespace
}  // namespace pgsteer::pgwire
