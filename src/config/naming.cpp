#include "config/naming.h"

#include <cstring>

#include "base/units.h"

namespace pgsteer::config {
namespace {

std::string_view bytes_of(const Address& address) {
    const void* const at = address.get();
    if (address.family() == AF_INET)
        return {reinterpret_cast<const char*>(&static_cast<const sockaddr_in*>(at)->sin_addr), 4};
    return {reinterpret_cast<const char*>(&static_cast<const sockaddr_in6*>(at)->sin6_addr), 16};
}

}  // namespace

bool Network::holds(const Address& other) const {
    if (other.family() != address.family()) return false;
    const auto a = bytes_of(address);
    const auto b = bytes_of(other);
    for (unsigned bit = 0; bit < bits; bit += 8) {
        const unsigned left = bits - bit;
        const unsigned mask = left >= 8 ? 0xffU : 0xffU << (8 - left) & 0xffU;
        const unsigned differ =
            static_cast<unsigned char>(a[bit / 8]) ^ static_cast<unsigned char>(b[bit / 8]);
        if ((differ & mask) != 0) return false;
    }
    return true;
}

std::optional<Network> parse_network(std::string_view text) {
    const auto slash = text.find('/');
    const auto address = Address::from_literal(text.substr(0, slash), Port{0});
    if (!address) return std::nullopt;
    const unsigned most = address->family() == AF_INET ? 32 : 128;
    if (slash == std::string_view::npos) return Network{*address, most};
    const auto bits = parse_integer(text.substr(slash + 1), 0, most);
    if (!bits) return std::nullopt;
    return Network{*address, static_cast<unsigned>(*bits)};
}

}  // namespace pgsteer::config
