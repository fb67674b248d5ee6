#include "base/match.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstring>

#include "base/lower.h"
#include "base/units.h"

namespace pgsteer {
namespace {

constexpr std::size_t ipv6_size = 16;
using Bytes = std::array<std::uint8_t, ipv6_size>;

// The bytes of an IP address; an IPv4 one takes four.
Bytes bytes_of(const Address& address) {
    Bytes bytes{};
    if (address.family() == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, address.get(), sizeof v4);
        std::memcpy(bytes.data(), &v4.sin_addr, sizeof v4.sin_addr);
    } else if (address.family() == AF_INET6) {
        sockaddr_in6 v6{};
        std::memcpy(&v6, address.get(), sizeof v6);
        std::memcpy(bytes.data(), &v6.sin6_addr, sizeof v6.sin6_addr);
    }
    return bytes;
}

std::uint32_t number_of(const Bytes& bytes, std::size_t at) {
    std::uint32_t number = 0;
    for (std::size_t i = at; i < at + 4; ++i)
        number = number << 8 | bytes[i];
    return number;
}

// "255.255.0.0" is 16; nothing when its ones are not in front.
std::optional<unsigned> bits_of_mask(std::string_view text) {
    const auto mask = Address::from_literal(text, Port{0});
    if (!mask || mask->family() != AF_INET) return std::nullopt;
    const Bytes bytes = bytes_of(*mask);
    const std::uint32_t number = number_of(bytes, 0);
    const auto ones = static_cast<unsigned>(std::countl_one(number));
    if (ones < 32 && number << ones != 0) return std::nullopt;
    return ones;
}

// An IPv4 address that came over an IPv6 socket (::ffff:a.b.c.d) is that IPv4 address.
Address unmapped(const Address& address) {
    const Bytes bytes = bytes_of(address);
    constexpr std::array<std::uint8_t, 12> prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (address.family() != AF_INET6 || !std::equal(prefix.begin(), prefix.end(), bytes.begin()))
        return address;
    return Address::ipv4(number_of(bytes, 12), address.port());
}

std::optional<std::int64_t> integer_of(const Value& value) {
    if (const auto* number = std::get_if<std::int64_t>(&value)) return *number;
    if (const auto* truth = std::get_if<bool>(&value)) return *truth ? 1 : 0;
    if (const auto* address = std::get_if<Address>(&value)) {
        if (address->family() != AF_INET) return std::nullopt;
        return number_of(bytes_of(*address), 0);
    }
    const auto* text = std::get_if<std::string_view>(&value);
    if (text == nullptr) return std::nullopt;
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
    if (error != std::errc() || end != text->data() + text->size()) return std::nullopt;
    return number;
}

std::string binary_of(const Value& value) {
    std::string bytes;
    if (const auto* address = std::get_if<Address>(&value)) {
        const Bytes all = bytes_of(*address);
        bytes.assign(all.begin(), all.begin() + (address->family() == AF_INET ? 4 : 16));
    } else if (std::holds_alternative<std::string_view>(value)) {
        return text_of(value);
    } else {
        const auto number = static_cast<std::uint64_t>(integer_of(value).value_or(0));
        for (unsigned shift = 64; shift > 0; shift -= 8)
            bytes.push_back(static_cast<char>(number >> (shift - 8) & 0xff));
    }
    return bytes;
}

std::optional<Address> address_of(const Value& value) {
    if (const auto* address = std::get_if<Address>(&value)) return *address;
    if (const auto* text = std::get_if<std::string_view>(&value)) {
        const auto address = Address::from_literal(*text, Port{0});
        return address ? std::optional(*address) : std::nullopt;
    }
    const auto number = integer_of(value);
    if (!number) return std::nullopt;
    return Address::ipv4(static_cast<std::uint32_t>(*number), Port{0});
}

// `pattern` in `text` with a separator, or an end, on both sides.
bool has_between(std::string_view text, std::string_view pattern, std::string_view separators) {
    for (std::size_t at = text.find(pattern); at != std::string_view::npos;
         at = text.find(pattern, at + 1)) {
        const std::size_t after = at + pattern.size();
        const bool begins = at == 0 || separators.find(text[at - 1]) != std::string_view::npos;
        const bool ends =
            after == text.size() || separators.find(text[after]) != std::string_view::npos;
        if (begins && ends) return true;
        if (pattern.empty()) return false;
    }
    return false;
}

bool fits(Match::Kind kind, std::string_view text, std::string_view pattern) {
    switch (kind) {
        case Match::Kind::equal:
        case Match::Kind::binary:
            return text == pattern;
        case Match::Kind::begin:
            return text.starts_with(pattern);
        case Match::Kind::end:
            return text.ends_with(pattern);
        case Match::Kind::part:
            return text.find(pattern) != std::string_view::npos;
        case Match::Kind::directory:
            return has_between(text, pattern, "/?");
        case Match::Kind::domain:
            return has_between(text, pattern, "/?.:");
        default:
            return false;
    }
}

Result<std::int64_t> parse_bound(std::string_view text) {
    const auto wrong = [&] { return Error{"'" + std::string(text) + "' is no integer"}; };
    const std::size_t dot = text.find('.');
    std::int64_t number = 0;
    const std::string_view whole = text.substr(0, dot);
    const auto [end, error] = std::from_chars(whole.data(), whole.data() + whole.size(), number);
    if (error != std::errc() || end != whole.data() + whole.size()) return wrong();
    if (dot == std::string_view::npos) return number;
    const auto minor = parse_integer(text.substr(dot + 1), 0, 65535);
    if (!minor || number < 0 || number > 65535) return wrong();
    return number * 65536 + *minor;
}

}  // namespace

std::string text_of(const Value& value) {
    if (const auto* text = std::get_if<std::string_view>(&value)) return std::string(*text);
    if (const auto* address = std::get_if<Address>(&value)) return address->host();
    return std::to_string(integer_of(value).value_or(0));
}

bool Network::has(const Address& other) const {
    const Address plain = address.family() == AF_INET ? unmapped(other) : other;
    if (plain.family() != address.family()) return false;
    const Bytes ours = bytes_of(address);
    const Bytes its = bytes_of(plain);
    const std::size_t whole = bits / 8;
    if (!std::equal(ours.begin(), ours.begin() + static_cast<std::ptrdiff_t>(whole), its.begin()))
        return false;
    const unsigned rest = bits % 8;
    return rest == 0 || (ours[whole] ^ its[whole]) >> (8 - rest) == 0;
}

Result<Network> Network::parse(std::string_view text) {
    const std::size_t slash = text.find('/');
    const auto address = Address::from_literal(text.substr(0, slash), Port{0});
    if (!address)
        return Error{"'" + std::string(text) + "' is no address; names are not looked up here"};
    Network network{*address, address->family() == AF_INET ? 32U : 128U};
    if (slash == std::string_view::npos) return network;
    const std::string_view mask = text.substr(slash + 1);
    const auto bits = parse_integer(mask, 0, network.bits);
    const auto from_mask =
        address->family() == AF_INET ? bits_of_mask(mask) : std::optional<unsigned>();
    if (!bits && !from_mask) return Error{"'" + std::string(text) + "' has no valid mask"};
    network.bits = bits ? static_cast<unsigned>(*bits) : *from_mask;
    return network;
}

Result<Range> parse_range(std::string_view text) {
    const std::size_t colon = text.find(':');
    Range range;
    if (colon == std::string_view::npos) {
        const auto number = parse_bound(text);
        if (!number) return number.error();
        return Range{*number, *number};
    }
    if (text == ":") return Error{"':' is no range"};
    if (colon > 0) {
        const auto lowest = parse_bound(text.substr(0, colon));
        if (!lowest) return lowest.error();
        range.lowest = *lowest;
    }
    if (colon + 1 < text.size()) {
        const auto highest = parse_bound(text.substr(colon + 1));
        if (!highest) return highest.error();
        range.highest = *highest;
    }
    if (range.lowest > range.highest)
        return Error{"'" + std::string(text) + "' ends before it begins"};
    return range;
}

bool Match::empty() const {
    return kind != Kind::boolean && kind != Kind::found && ranges.empty() && networks.empty() &&
           texts.empty() && expressions.empty();
}

bool Match::has(const Value& value) const {
    const auto in_ranges = [this](std::int64_t number) {
        return std::any_of(ranges.begin(), ranges.end(), [number](const Range& range) {
            return range.lowest <= number && number <= range.highest;
        });
    };
    switch (kind) {
        case Kind::found:
            return true;
        case Kind::boolean:
            return integer_of(value).value_or(0) != 0;
        case Kind::integer: {
            const auto number = integer_of(value);
            return number && in_ranges(*number);
        }
        case Kind::length:
            return in_ranges(static_cast<std::int64_t>(text_of(value).size()));
        case Kind::address: {
            const auto address = address_of(value);
            const auto has_it = [&address](const Network& one) { return one.has(*address); };
            return address && std::any_of(networks.begin(), networks.end(), has_it);
        }
        default:
            break;
    }
    std::string text = kind == Kind::binary ? binary_of(value) : text_of(value);
    if (kind == Kind::regex)
        return std::any_of(expressions.begin(), expressions.end(), [&](const auto& expression) {
            return expression->found_in(text).value_or(false);
        });
    if (ignore_case) text = lower(text);
    return std::any_of(texts.begin(), texts.end(),
                       [&](const std::string& pattern) { return fits(kind, text, pattern); });
}

}  // namespace pgsteer
