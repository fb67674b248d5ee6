// Keys of stick tables: from what a fetch gives to what is kept, and to what people read. HAProxy's
// casts (sample_casts in src/sample.c), as far as keys need them.
#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>
#include <charconv>
#include <cstring>

#include "base/hexadecimal.h"
#include "routing/stick_table.h"

namespace pgsteer::routing {
namespace {

constexpr std::array<unsigned char, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

std::string bytes_of(const void* data, std::size_t size) {
    return {static_cast<const char*>(data), size};
}

std::optional<std::string> ipv4_bytes(const Address& address) {
    if (address.family() == AF_INET)
        return bytes_of(&reinterpret_cast<const sockaddr_in*>(address.get())->sin_addr, 4);
    if (address.family() != AF_INET6) return std::nullopt;
    const auto& v6 = reinterpret_cast<const sockaddr_in6*>(address.get())->sin6_addr;
    if (std::memcmp(&v6, mapped.data(), mapped.size()) != 0) return std::nullopt;
    return bytes_of(v6.s6_addr + mapped.size(), 4);
}

std::optional<std::string> ipv6_bytes(const Address& address) {
    if (address.family() == AF_INET6)
        return bytes_of(&reinterpret_cast<const sockaddr_in6*>(address.get())->sin6_addr, 16);
    const auto v4 = ipv4_bytes(address);
    if (!v4) return std::nullopt;
    return bytes_of(mapped.data(), mapped.size()) + *v4;
}

std::string integer_bytes(std::uint32_t number) {
    return bytes_of(&number, sizeof number);
}

std::string filled_up(std::string text, std::size_t length) {
    text.resize(length, '\0');
    return text;
}

std::optional<std::string> key_of_text(const TableSpec& spec, std::string_view text) {
    switch (spec.type) {
        case KeyType::ip:
        case KeyType::ipv6: {
            const auto address = Address::from_literal(std::string(text), Port{0});
            if (!address) return std::nullopt;
            return spec.type == KeyType::ip ? ipv4_bytes(*address) : ipv6_bytes(*address);
        }
        case KeyType::integer: {
            std::uint32_t number = 0;
            const auto [end, failed] =
                std::from_chars(text.data(), text.data() + text.size(), number);
            if (failed != std::errc{} || end != text.data() + text.size()) return std::nullopt;
            return integer_bytes(number);
        }
        case KeyType::string:
            if (text.empty()) return std::nullopt;
            return std::string(text.substr(0, spec.key_length));
        case KeyType::binary:
            return filled_up(std::string(text.substr(0, spec.key_length)), spec.key_length);
    }
    return std::nullopt;
}

std::optional<std::string> key_of_address(const TableSpec& spec, const Address& address) {
    if (!address.is_ip()) return std::nullopt;
    const auto v4 = ipv4_bytes(address);
    switch (spec.type) {
        case KeyType::ip:
            return v4;
        case KeyType::ipv6:
            return ipv6_bytes(address);
        case KeyType::integer: {
            std::uint32_t number = 0;
            if (!v4) return std::nullopt;
            std::memcpy(&number, v4->data(), sizeof number);
            return integer_bytes(ntohl(number));
        }
        case KeyType::string:
            return key_of_text(spec, address.host());
        case KeyType::binary:
            return filled_up(address.family() == AF_INET ? *v4 : *ipv6_bytes(address),
                             spec.key_length);
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::string> key_of(const TableSpec& spec, const Value& value) {
    if (const auto* const address = std::get_if<Address>(&value))
        return key_of_address(spec, *address);
    if (const auto* const text = std::get_if<std::string_view>(&value))
        return key_of_text(spec, *text);
    const auto* const number = std::get_if<std::int64_t>(&value);
    const std::int64_t whole = number != nullptr ? *number : std::get<bool>(value) ? 1 : 0;
    if (spec.type == KeyType::integer) return integer_bytes(static_cast<std::uint32_t>(whole));
    return spec.type == KeyType::string ? key_of_text(spec, std::to_string(whole)) : std::nullopt;
}

std::optional<std::string> key_from_text(const TableSpec& spec, std::string_view text) {
    return key_of_text(spec, text);
}

std::string key_text(const TableSpec& spec, std::string_view key) {
    std::array<char, INET6_ADDRSTRLEN> room{};
    switch (spec.type) {
        case KeyType::ip:
            return ::inet_ntop(AF_INET, key.data(), room.data(), room.size());
        case KeyType::ipv6:
            return ::inet_ntop(AF_INET6, key.data(), room.data(), room.size());
        case KeyType::integer: {
            std::uint32_t number = 0;
            std::memcpy(&number, key.data(), sizeof number);
            return std::to_string(number);
        }
        case KeyType::string:
            return std::string(key);
        case KeyType::binary:
            return hexadecimal(key);
    }
    return {};
}

}  // namespace pgsteer::routing
