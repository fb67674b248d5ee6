#include "relay/peer.h"

#include <netinet/in.h>

#include <algorithm>
#include <cstring>

namespace pgsteer::relay {

CompactPeer compact(const sockaddr* address) {
    CompactPeer peer;
    peer.family = static_cast<std::uint8_t>(address->sa_family);
    if (address->sa_family == AF_INET) {
        const auto& v4 = *reinterpret_cast<const sockaddr_in*>(address);
        std::memcpy(peer.ip.data(), &v4.sin_addr, sizeof v4.sin_addr);
        peer.port = ntohs(v4.sin_port);
    } else if (address->sa_family == AF_INET6) {
        const auto& v6 = *reinterpret_cast<const sockaddr_in6*>(address);
        std::memcpy(peer.ip.data(), &v6.sin6_addr, sizeof v6.sin6_addr);
        peer.port = ntohs(v6.sin6_port);
    }
    return peer;
}

Address address_of(const CompactPeer& peer) {
    if (peer.family == AF_INET) {
        sockaddr_in v4{};
        v4.sin_family = AF_INET;
        v4.sin_port = htons(peer.port);
        std::copy_n(peer.ip.begin(), 4, reinterpret_cast<std::uint8_t*>(&v4.sin_addr));
        return Address::from_sockaddr(reinterpret_cast<const sockaddr*>(&v4), sizeof v4);
    }
    if (peer.family == AF_INET6) {
        sockaddr_in6 v6{};
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(peer.port);
        std::copy_n(peer.ip.begin(), 16, v6.sin6_addr.s6_addr);
        return Address::from_sockaddr(reinterpret_cast<const sockaddr*>(&v6), sizeof v6);
    }
    return {};
}

}  // namespace pgsteer::relay
