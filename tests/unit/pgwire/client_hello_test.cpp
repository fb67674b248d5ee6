#include "pgwire/client_hello.h"

#include <gtest/gtest.h>

#include <string>

namespace pgsteer::pgwire {
namespace {

using namespace std::string_literals;
using Found = ClientHello::Found;

std::string with_size(std::size_t bytes, const std::string& text) {
    std::string size;
    for (std::size_t i = bytes; i-- > 0;)
        size.push_back(static_cast<char>(text.size() >> (8 * i)));
    return size + text;
}

std::string extension(const std::string& type, const std::string& body) {
    return type + with_size(2, body);
}

std::string server_name(const std::string& name) {
    return extension("\0\0"s, with_size(2, "\0"s + with_size(2, name)));
}

std::string hello(const std::string& extensions) {
    const std::string body = "\x03\x03"s + std::string(32, 'r') + with_size(1, "session") +
                             with_size(2, "\x13\x01"s) + with_size(1, "\0"s) +
                             with_size(2, extensions);
    return "\x16\x03\x01"s + with_size(2, "\x01"s + with_size(3, body));
}

ClientHello read(const std::string& bytes) {
    return read_client_hello(std::as_bytes(std::span(bytes.data(), bytes.size())));
}

TEST(ClientHello, names_the_server_it_wants) {
    const std::string bytes =
        hello(extension("\0\x10"s, "x") + server_name("db.example") + extension("\0\x2b"s, "y"));
    const ClientHello found = read(bytes);
    ASSERT_EQ(found.found, Found::yes);
    EXPECT_EQ(found.type, 1);
    EXPECT_EQ(found.major, 3);
    EXPECT_EQ(found.minor, 3);
    EXPECT_EQ(found.server_name, "db.example");
}

TEST(ClientHello, may_name_no_server) {
    const std::string bytes = hello(extension("\0\x10"s, "x"));
    EXPECT_EQ(read(bytes).found, Found::yes);
    EXPECT_EQ(read(bytes).server_name, std::nullopt);
}

TEST(ClientHello, is_waited_for_until_it_is_whole) {
    const std::string whole = hello(server_name("db.example"));
    for (std::size_t size = 0; size < whole.size(); ++size)
        EXPECT_EQ(read(whole.substr(0, size)).found, Found::incomplete) << size;
}

TEST(ClientHello, is_not_what_postgresql_clients_begin_with) {
    EXPECT_EQ(read("\0\0\0\x08\x04\xd2\x16\x2f"s).found, Found::no);
    EXPECT_EQ(read("\x16\x02\x00\x00\x10"s).found, Found::no) << "SSL 2";
}

TEST(ClientHello, whose_sizes_lie_names_nothing) {
    std::string bytes = hello(server_name("db.example"));
    bytes[bytes.size() - 11] = '\xff';  // of the name, beyond its extension
    EXPECT_EQ(read(bytes).found, Found::yes);
    EXPECT_EQ(read(bytes).server_name, std::nullopt);
}

}  // namespace
}  // namespace pgsteer::pgwire
