// What the first bytes of a PostgreSQL session say. Pure.
// Source: PostgreSQL 15 manual, 55.7 "Message Formats": StartupMessage, SSLRequest, GSSENCRequest,
// CancelRequest. All start with a 4-byte length and a 4-byte code, in network order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace pgsteer::pgwire {

inline constexpr std::size_t first_packet_head = 8;
// MAX_STARTUP_PACKET_LENGTH in src/include/libpq/pqcomm.h.
inline constexpr std::uint32_t longest_startup_packet = 10000;

enum class FirstPacket : std::uint8_t {
    incomplete,  // fewer than 8 bytes
    not_postgres,
    startup,
    ssl_request,
    gss_request,
    cancel_request,
};

FirstPacket classify(std::span<const std::byte> bytes);

// Do a server's first bytes want the client to prove who it is: an authentication request that says
// anything but "ok"? `N`s before it refuse TLS or GSSAPI.
bool asks_for_login(std::span<const std::byte> bytes);

}  // namespace pgsteer::pgwire
