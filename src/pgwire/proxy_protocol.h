// The PROXY header a proxy in front puts before a client's bytes, version 1 or 2. Pure.
// Source: The PROXY protocol, versions 1 & 2 (haproxy.org, doc/proxy-protocol.txt), 2.1 and 2.2.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/address.h"

namespace pgsteer::pgwire {

// Version 1 is at most 107 bytes long; version 2 says its size, up to 64 KiB, of which addresses
// take 216 and extensions the rest. HAProxy's bound is the same: tune.bufsize.
inline constexpr std::size_t longest_proxy_header = 16 * 1024;

struct ProxyHeader {
    enum class Found : std::uint8_t {
        incomplete,  // what is here may become one
        no,
        yes,
    };
    Found found = Found::incomplete;
    std::size_t size = 0;  // bytes of the header, to be taken off
    // AF_UNSPEC: the header says that the connection itself is meant (LOCAL, UNKNOWN), or names no
    // IP addresses. The specification wants those accepted; HAProxy 2.6 ends such connections
    // unless they say LOCAL, or UNKNOWN and nothing else.
    Address source;
    Address destination;
};

ProxyHeader read_proxy_header(std::span<const std::byte> bytes);

}  // namespace pgsteer::pgwire
