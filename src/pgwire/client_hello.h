// What a TLS ClientHello says before anything is agreed: the version and the server name it wants.
// For clients that speak TLS from the first byte (sslnegotiation=direct, a TLS tunnel); others send
// an SSLRequest first. Reads no byte behind what it was given. Pure.
// Source: RFC 8446 4.1.2 and 5.1, RFC 6066 3; HAProxy's smp_fetch_ssl_hello_sni (src/payload.c).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace pgsteer::pgwire {

struct ClientHello {
    enum class Found : std::uint8_t {
        incomplete,  // what is here may become one
        no,
        yes,
    };
    Found found = Found::incomplete;
    std::uint8_t type = 0;                        // of the handshake message: 1 is a ClientHello
    std::uint8_t major = 0, minor = 0;            // of the version, 3.1 for TLS 1.0
    std::optional<std::string_view> server_name;  // within the bytes given
};

ClientHello read_client_hello(std::span<const std::byte> bytes);

}  // namespace pgsteer::pgwire
