#include "pgwire/startup.h"

namespace pgsteer::pgwire {
namespace {

constexpr std::uint32_t special_codes = 1234;  // major part of the codes that are not versions
constexpr std::uint32_t cancel_code = 5678;
constexpr std::uint32_t ssl_code = 5679;
constexpr std::uint32_t gss_code = 5680;

std::uint32_t network_order(std::span<const std::byte> bytes) {
    std::uint32_t number = 0;
    for (const std::byte byte : bytes.first(4))
        number = number << 8 | std::to_integer<std::uint32_t>(byte);
    return number;
}

}  // namespace

FirstPacket classify(std::span<const std::byte> bytes) {
    if (bytes.size() < first_packet_head) return FirstPacket::incomplete;
    const std::uint32_t length = network_order(bytes);
    const std::uint32_t code = network_order(bytes.subspan(4));
    if (length < first_packet_head || length > longest_startup_packet)
        return FirstPacket::not_postgres;
    const std::uint32_t major = code >> 16;
    const std::uint32_t minor = code & 0xFFFF;
    if (major == 2 || major == 3) return FirstPacket::startup;
    if (major != special_codes) return FirstPacket::not_postgres;
    if (minor == cancel_code) return FirstPacket::cancel_request;
    if (minor == ssl_code) return FirstPacket::ssl_request;
    if (minor == gss_code) return FirstPacket::gss_request;
    return FirstPacket::not_postgres;
}

bool asks_for_login(std::span<const std::byte> bytes) {
    while (!bytes.empty() && bytes.front() == std::byte{'N'})
        bytes = bytes.subspan(1);
    constexpr std::size_t head = 9;  // 'R', its length, what is asked for
    if (bytes.size() < head || bytes.front() != std::byte{'R'}) return false;
    std::uint32_t length = 0;
    std::uint32_t kind = 0;
    for (std::size_t i = 1; i <= 4; ++i) {
        length = length << 8 | std::to_integer<std::uint32_t>(bytes[i]);
        kind = kind << 8 | std::to_integer<std::uint32_t>(bytes[i + 4]);
    }
    constexpr std::uint32_t longest_request = 1000;
    constexpr std::uint32_t last_kind = 12;  // SASL's last word
    return length >= 8 && length < longest_request && kind != 0 && kind <= last_kind;
}

}  // namespace pgsteer::pgwire
