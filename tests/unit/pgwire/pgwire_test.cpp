#include <gtest/gtest.h>

#include <string>

#include "pgwire/error_response.h"
#include "pgwire/startup.h"

namespace pgsteer::pgwire {
namespace {

FirstPacket classify_text(const std::string& bytes) {
    return classify(std::as_bytes(std::span(bytes.data(), bytes.size())));
}

TEST(FirstPacket, each_kind_is_known_by_its_code) {
    const auto packet = [](std::string code) { return std::string("\0\0\0\x08", 4) + code; };
    EXPECT_EQ(classify_text(packet(std::string("\x04\xd2\x16\x2f", 4))), FirstPacket::ssl_request);
    EXPECT_EQ(classify_text(packet(std::string("\x04\xd2\x16\x30", 4))), FirstPacket::gss_request);
    EXPECT_EQ(classify_text(packet(std::string("\x04\xd2\x16\x2e", 4))),
              FirstPacket::cancel_request);
    EXPECT_EQ(classify_text(packet(std::string("\0\x03\0\0", 4))), FirstPacket::startup);
}

TEST(FirstPacket, what_is_short_or_strange_is_said_so) {
    EXPECT_EQ(classify_text(""), FirstPacket::incomplete);
    EXPECT_EQ(classify_text(std::string("\0\0\0\x08\0\x03\0", 7)), FirstPacket::incomplete);
    EXPECT_EQ(classify_text("GET / HTTP/1.1\r\n"), FirstPacket::not_postgres);
    EXPECT_EQ(classify_text(std::string("\0\0\0\x04\0\x03\0\0", 8)), FirstPacket::not_postgres);
}

TEST(ErrorResponse, has_a_correct_length_and_every_field) {
    const std::string packet = fatal_error({"57P03", "no server", "look there"});
    ASSERT_EQ(packet[0], 'E');
    const auto length = static_cast<std::size_t>(static_cast<unsigned char>(packet[3])) << 8 |
                        static_cast<unsigned char>(packet[4]);
    EXPECT_EQ(length + 1, packet.size());
    EXPECT_NE(packet.find(std::string("C57P03\0", 7)), std::string::npos);
    EXPECT_NE(packet.find(std::string("Mno server\0", 11)), std::string::npos);
    EXPECT_NE(packet.find(std::string("Hlook there\0", 12)), std::string::npos);
}

bool asks(const std::string& bytes) {
    return asks_for_login(std::as_bytes(std::span(bytes)));
}

TEST(Startup, a_request_for_a_password_is_told_from_all_else) {
    using namespace std::string_literals;
    EXPECT_TRUE(asks("R\0\0\0\x0c\0\0\0\x05salt"s));
    EXPECT_TRUE(asks("NR\0\0\0\x08\0\0\0\x03"s));
    EXPECT_FALSE(asks("R\0\0\0\x08\0\0\0\0"s));
    EXPECT_FALSE(asks("R\0\0\0\x08\0\0\0"s));
    EXPECT_FALSE(asks("E\0\0\0\x0c\0\0\0\x05salt"s));
    EXPECT_FALSE(asks("R: I am no PostgreSQL"s));
    EXPECT_FALSE(asks(""s));
}

}  // namespace
}  // namespace pgsteer::pgwire
