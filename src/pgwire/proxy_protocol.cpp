#include "pgwire/proxy_protocol.h"

#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <boost/crc.hpp>
#include <cstring>
#include <string_view>
#include <vector>

#include "base/units.h"

namespace pgsteer::pgwire {
namespace {

using Found = ProxyHeader::Found;

constexpr std::string_view signature_1 = "PROXY ";
constexpr std::string_view signature_2{"\r\n\r\n\0\r\nQUIT\n", 12};
constexpr std::size_t longest_line = 107;
constexpr std::size_t fixed_size_2 = 16;

constexpr std::uint8_t version_2 = 0x20;
constexpr std::uint8_t local_command = 0;
constexpr std::uint8_t proxy_command = 1;
constexpr std::uint8_t tcp_over_ipv4 = 0x11;
constexpr std::uint8_t tcp_over_ipv6 = 0x21;

ProxyHeader none() {
    ProxyHeader header;
    header.found = Found::no;
    return header;
}

std::vector<std::string_view> words_of(std::string_view line) {
    std::vector<std::string_view> words;
    while (true) {
        const std::size_t blank = line.find(' ');
        words.push_back(line.substr(0, blank));
        if (blank == std::string_view::npos) return words;
        line.remove_prefix(blank + 1);
    }
}

std::optional<Address> address_of(std::string_view ip, std::string_view port, int family) {
    const auto value = parse_integer(port, 0, 65535);
    if (!value || ip.starts_with('[')) return std::nullopt;
    const auto address = Address::from_literal(ip, static_cast<Port>(*value));
    return address && address->family() == family ? address : std::nullopt;
}

ProxyHeader read_line(std::string_view text) {
    const std::size_t end = text.substr(0, longest_line).find("\r\n");
    if (end == std::string_view::npos) return text.size() >= longest_line ? none() : ProxyHeader{};
    const auto words = words_of(text.substr(0, end));
    ProxyHeader header;
    header.found = Found::yes;
    header.size = end + 2;
    if (words.size() >= 2 && words[1] == "UNKNOWN") return header;
    if (words.size() != 6 || (words[1] != "TCP4" && words[1] != "TCP6")) return none();
    const int family = words[1] == "TCP4" ? AF_INET : AF_INET6;
    const auto source = address_of(words[2], words[4], family);
    const auto destination = address_of(words[3], words[5], family);
    if (!source || !destination) return none();
    header.source = *source;
    header.destination = *destination;
    return header;
}

std::uint16_t number_at(std::span<const std::byte> bytes, std::size_t at) {
    return static_cast<std::uint16_t>(std::to_integer<unsigned>(bytes[at]) << 8 |
                                      std::to_integer<unsigned>(bytes[at + 1]));
}

Address ipv4_at(std::span<const std::byte> bytes, std::size_t at, std::size_t port_at) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    std::memcpy(&v4.sin_addr, bytes.data() + at, sizeof v4.sin_addr);
    v4.sin_port = htons(number_at(bytes, port_at));
    return Address::from_sockaddr(reinterpret_cast<const sockaddr*>(&v4), sizeof v4);
}

Address ipv6_at(std::span<const std::byte> bytes, std::size_t at, std::size_t port_at) {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    std::memcpy(&v6.sin6_addr, bytes.data() + at, sizeof v6.sin6_addr);
    v6.sin6_port = htons(number_at(bytes, port_at));
    return Address::from_sockaddr(reinterpret_cast<const sockaddr*>(&v6), sizeof v6);
}

// What stands behind the addresses, as HAProxy's conn_recv_proxy looks at it: each extension ends
// within the header, a checksum is right.
constexpr std::size_t extension_head = 3;
constexpr std::uint8_t authority = 2, checksum = 3, unique_id = 5;
constexpr std::size_t longest_authority = 255, longest_unique_id = 128;

bool has_right_checksum(std::span<const std::byte> header, std::size_t at) {
    constexpr std::array<std::byte, 4> zeroes{};
    boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> crc32c;
    crc32c.process_bytes(header.data(), at);
    crc32c.process_bytes(zeroes.data(), zeroes.size());
    crc32c.process_bytes(header.data() + at + 4, header.size() - at - 4);
    const std::uint32_t told =
        static_cast<std::uint32_t>(number_at(header, at)) << 16 | number_at(header, at + 2);
    return crc32c.checksum() == told;
}

bool are_extensions(std::span<const std::byte> header, std::size_t at) {
    while (at < header.size()) {
        if (header.size() - at < extension_head) return false;
        const auto type = std::to_integer<std::uint8_t>(header[at]);
        const std::size_t size = number_at(header, at + 1);
        at += extension_head;
        if (size > header.size() - at) return false;
        if (type == checksum && (size != 4 || !has_right_checksum(header, at))) return false;
        if (type == authority && size > longest_authority) return false;
        if (type == unique_id && size > longest_unique_id) return false;
        at += size;
    }
    return true;
}

ProxyHeader read_binary(std::span<const std::byte> bytes) {
    if (bytes.size() < fixed_size_2) return {};
    const auto command = std::to_integer<std::uint8_t>(bytes[12]);
    const auto family = std::to_integer<std::uint8_t>(bytes[13]);
    const std::size_t size = fixed_size_2 + number_at(bytes, 14);
    if ((command & 0xf0) != version_2 || size > longest_proxy_header) return none();
    if ((command & 0x0f) != local_command && (command & 0x0f) != proxy_command) return none();
    if (bytes.size() < size) return {};
    ProxyHeader header;
    header.found = Found::yes;
    header.size = size;
    if ((command & 0x0f) == local_command) return header;
    if (family == tcp_over_ipv4) {
        if (size < fixed_size_2 + 12 || !are_extensions(bytes.first(size), fixed_size_2 + 12))
            return none();
        header.source = ipv4_at(bytes, 16, 24);
        header.destination = ipv4_at(bytes, 20, 26);
    } else if (family == tcp_over_ipv6) {
        if (size < fixed_size_2 + 36 || !are_extensions(bytes.first(size), fixed_size_2 + 36))
            return none();
        header.source = ipv6_at(bytes, 16, 48);
        header.destination = ipv6_at(bytes, 32, 50);
    }
    return header;
}

}  // namespace

ProxyHeader read_proxy_header(std::span<const std::byte> bytes) {
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    const auto begins = [text](std::string_view signature) {
        const std::size_t common = std::min(text.size(), signature.size());
        return text.substr(0, common) == signature.substr(0, common);
    };
    if (begins(signature_1))
        return text.size() < signature_1.size() ? ProxyHeader{} : read_line(text);
    if (begins(signature_2)) return read_binary(bytes);
    return none();
}

}  // namespace pgsteer::pgwire
