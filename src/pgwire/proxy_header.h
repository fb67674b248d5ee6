// The PROXY header before a client's bytes to a server, as HAProxy writes it. Pure.
// Source: The PROXY protocol, versions 1 & 2, and make_proxy_line_v1 and _v2 of HAProxy 2.6.
#pragma once

#include <string>

#include "base/address.h"
#include "base/outbound.h"

namespace pgsteer::pgwire {

// The longest: version 2 with two IPv6 addresses and both extensions.
inline constexpr std::size_t longest_own_header = 128;

// The client, and whom it connected to; where one of them is no IP address the header says that it
// does not know. Empty when nothing is to be announced.
std::string proxy_header(const Announcement& announcement, const Address& client,
                         const Address& called);

}  // namespace pgsteer::pgwire
