// Peer: where a client comes from, in the little room a session has for it. Values; any thread.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>

#include "base/address.h"

namespace pgsteer::relay {

// An IP address and port in 20 bytes, where Address takes 112. Family 0: a unix socket's.
struct CompactPeer {
    std::array<std::uint8_t, 16> ip{};
    std::uint16_t port = 0;  // host order
    std::uint8_t family = 0;
};

CompactPeer compact(const sockaddr* address);
Address address_of(const CompactPeer& peer);

}  // namespace pgsteer::relay
