#include "pgwire/lsn.h"

#include <fmt/format.h>

#include <charconv>

namespace pgsteer::pgwire {
namespace {

std::optional<std::uint32_t> hexadecimal(std::string_view digits) {
    std::uint32_t value = 0;
    const char* const end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, value, 16);
    if (error != std::errc() || stop != end || digits.size() > 8) return std::nullopt;
    return value;
}

}  // namespace

std::string Lsn::text() const {
    return fmt::format("{:X}/{:X}", position >> 32, position & 0xffffffffU);
}

std::optional<Lsn> parse_lsn(std::string_view text) {
    const std::size_t slash = text.find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    const auto high = hexadecimal(text.substr(0, slash));
    const auto low = hexadecimal(text.substr(slash + 1));
    if (!high || !low) return std::nullopt;
    return Lsn{(static_cast<std::uint64_t>(*high) << 32) | *low};
}

}  // namespace pgsteer::pgwire
