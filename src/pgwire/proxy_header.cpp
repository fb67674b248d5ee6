#include "pgwire/proxy_header.h"

#include <fmt/format.h>

#include <boost/crc.hpp>
#include <cstring>
#include <string_view>

namespace pgsteer::pgwire {
namespace {

using namespace std::string_view_literals;

// As HAProxy: with one IPv6 address the other is written as one, too.
Address as_ipv6(const Address& address) {
    if (address.family() == AF_INET6) return address;
    sockaddr_in v4{};
    std::memcpy(&v4, address.get(), sizeof v4);
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = v4.sin_port;
    v6.sin6_addr.s6_addr[10] = v6.sin6_addr.s6_addr[11] = 0xff;
    std::memcpy(v6.sin6_addr.s6_addr + 12, &v4.sin_addr, sizeof v4.sin_addr);
    return Address::from_sockaddr(reinterpret_cast<const sockaddr*>(&v6), sizeof v6);
}

std::string ip_bytes(const Address& address) {
    if (address.family() == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, address.get(), sizeof v4);
        return {reinterpret_cast<const char*>(&v4.sin_addr), sizeof v4.sin_addr};
    }
    sockaddr_in6 v6{};
    std::memcpy(&v6, address.get(), sizeof v6);
    return {reinterpret_cast<const char*>(&v6.sin6_addr), sizeof v6.sin6_addr};
}

std::string number_bytes(std::uint32_t value, int size) {
    std::string bytes;
    for (int shift = 8 * (size - 1); shift >= 0; shift -= 8)
        bytes += static_cast<char>(static_cast<unsigned char>(value >> shift & 0xff));
    return bytes;
}

std::string text_header(const Address& client, const Address& called) {
    return fmt::format("PROXY TCP{} {} {} {} {}\r\n", client.family() == AF_INET ? 4 : 6,
                       client.host(), called.host(), number(client.port()), number(called.port()));
}

std::string binary_header(const Announcement& announcement, bool known, const Address& client,
                          const Address& called) {
    std::string header{"\r\n\r\n\0\r\nQUIT\n"sv};
    std::string rest;
    if (known) {
        header += client.family() == AF_INET ? "\x21\x11"sv : "\x21\x21"sv;
        rest = ip_bytes(client) + ip_bytes(called) + number_bytes(number(client.port()), 2) +
               number_bytes(number(called.port()), 2);
    } else {
        header += "\x20\x00"sv;
    }
    std::size_t checksum_at = 0;
    if (announcement.checksum) {
        rest += "\x03\x00\x04"sv;
        checksum_at = header.size() + 2 + rest.size();
        rest += "\0\0\0\0"sv;
    }
    // HAProxy's words of a client without TLS: no flag, and "verified".
    if (announcement.tls) rest += "\x20\x00\x05\0\0\0\0\0"sv;
    header += number_bytes(static_cast<std::uint32_t>(rest.size()), 2) + rest;
    if (checksum_at == 0) return header;
    boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> crc32c;
    crc32c.process_bytes(header.data(), header.size());
    return header.replace(checksum_at, 4, number_bytes(crc32c.checksum(), 4));
}

}  // namespace

std::string proxy_header(const Announcement& announcement, const Address& client,
                         const Address& called) {
    const bool known = client.is_ip() && called.is_ip();
    const bool mixed = known && client.family() != called.family();
    const Address from = mixed ? as_ipv6(client) : client;
    const Address to = mixed ? as_ipv6(called) : called;
    if (announcement.binary) return binary_header(announcement, known, from, to);
    if (!announcement.text) return "";
    return known ? text_header(from, to) : "PROXY UNKNOWN\r\n";
}

}  // namespace pgsteer::pgwire
