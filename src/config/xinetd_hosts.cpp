#include "config/xinetd_hosts.h"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <optional>

#include "base/units.h"

namespace pgsteer::config {
namespace {

using Bytes = std::array<std::uint8_t, 16>;
constexpr int bits_before_ipv4 = 96;  // of ::ffff:a.b.c.d
constexpr std::size_t most_factors = 256;

Bytes mapped_ipv4(const std::array<std::uint8_t, 4>& quad) {
    Bytes bytes{};
    bytes[10] = bytes[11] = 0xff;
    std::copy(quad.begin(), quad.end(), bytes.begin() + 12);
    return bytes;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    for (std::size_t from = 0;;) {
        const std::size_t at = text.find(separator, from);
        parts.push_back(text.substr(from, at - from));
        if (at == std::string_view::npos) return parts;
        from = at + 1;
    }
}

std::optional<std::uint8_t> octet(std::string_view text) {
    const auto value = parse_integer(text, 0, 255);
    if (!value) return std::nullopt;
    return static_cast<std::uint8_t>(*value);
}

// "10.0.0.0": the zeros at the end are wildcards; "0.0.0.0" is everybody's IPv4.
std::optional<std::pair<Bytes, int>> numeric(std::string_view text) {
    const auto parts = split(text, '.');
    if (parts.size() != 4) return std::nullopt;
    std::array<std::uint8_t, 4> quad{};
    for (std::size_t i = 0; i < 4; ++i) {
        const auto value = octet(parts[i]);
        if (!value) return std::nullopt;
        quad[i] = *value;
    }
    int significant = 4;
    while (significant > 0 && quad[static_cast<std::size_t>(significant) - 1] == 0)
        --significant;
    return std::pair{mapped_ipv4(quad), bits_before_ipv4 + 8 * significant};
}

bool same_prefix(const Bytes& a, const Bytes& b, int bits) {
    const auto whole = static_cast<std::size_t>(bits / 8);
    if (std::memcmp(a.data(), b.data(), whole) != 0) return false;
    const int rest = bits % 8;
    if (rest == 0) return true;
    const int mask = 0xff << (8 - rest) & 0xff;
    return (a[whole] & mask) == (b[whole] & mask);
}

bool is_host_name(std::string_view text) {
    constexpr std::size_t longest_name = 253;  // RFC 1035
    return !text.empty() && text.size() <= longest_name &&
           std::any_of(text.begin(), text.end(), [](unsigned char c) { return std::isalpha(c); }) &&
           std::all_of(text.begin(), text.end(), [](unsigned char c) {
               return std::isalnum(c) || c == '.' || c == '-' || c == '_';
           });
}

bool names_match(std::string_view pattern, std::string_view name) {
    const auto same = [](unsigned char a, unsigned char b) {
        return std::tolower(a) == std::tolower(b);
    };
    if (name.empty() || pattern.size() > name.size()) return false;
    if (pattern.front() != '.' && pattern.size() != name.size()) return false;
    return std::equal(pattern.rbegin(), pattern.rend(), name.rbegin(), same);
}

}  // namespace

Bytes mapped(const Address& address) {
    Bytes bytes{};
    if (address.family() == AF_INET) {
        sockaddr_in in{};
        std::memcpy(&in, address.get(), sizeof in);
        std::array<std::uint8_t, 4> quad{};
        std::memcpy(quad.data(), &in.sin_addr, 4);
        return mapped_ipv4(quad);
    }
    if (address.family() == AF_INET6) {
        sockaddr_in6 in{};
        std::memcpy(&in, address.get(), sizeof in);
        std::memcpy(bytes.data(), &in.sin6_addr, 16);
    }
    return bytes;
}

Result<void> HostList::add(std::string_view text) {
    const auto wrong = [&] {
        return Error{"'" + std::string(text) +
                     "' is not an address (10.0.0.0, 10.1.{2,3}, 10.0.0.0/8, fd00::/8) or a name"};
    };
    const std::string whole(text);
    if (const std::size_t brace = text.find('{'); brace != std::string_view::npos) {
        if (!text.ends_with('}')) return wrong();
        const std::string_view head = text.substr(0, brace);
        const auto factors = split(text.substr(brace + 1, text.size() - brace - 2), ',');
        const auto fixed = static_cast<std::size_t>(std::count(head.begin(), head.end(), '.'));
        if (fixed == 0 || fixed > 3 || factors.size() > most_factors) return wrong();
        std::vector<Entry> made;
        for (const auto factor : factors) {
            std::string full = std::string(head) + std::string(factor);
            for (std::size_t i = fixed + 1; i < 4; ++i)
                full += ".0";
            const auto address = numeric(full);
            if (!address) return wrong();
            made.push_back(
                {whole, address->first, bits_before_ipv4 + 8 * (static_cast<int>(fixed) + 1), {}});
        }
        entries_.insert(entries_.end(), made.begin(), made.end());
        return {};
    }
    if (const std::size_t slash = text.find('/'); slash != std::string_view::npos) {
        const auto address = Address::from_literal(text.substr(0, slash), Port{0});
        if (!address || text.front() == '[') return wrong();
        const int widest = address->family() == AF_INET ? 32 : 128;
        const auto bits = parse_integer(text.substr(slash + 1), 0, widest);
        if (!bits) return wrong();
        entries_.push_back({whole, mapped(*address), 128 - widest + static_cast<int>(*bits), {}});
        return {};
    }
    if (const auto address = numeric(text)) {
        entries_.push_back({whole, address->first, address->second, {}});
        return {};
    }
    if (text.find(':') != std::string_view::npos) {
        const auto address = Address::from_literal(text, Port{0});
        if (!address || text.front() == '[') return wrong();
        // :: stands for everybody, as xinetd's mask of no bits makes it.
        entries_.push_back({whole, mapped(*address), text == "::" ? 0 : 128, {}});
        return {};
    }
    if (!is_host_name(text)) return wrong();
    entries_.push_back({whole, {}, 128, whole});
    return {};
}

void HostList::remove(std::string_view text) {
    std::erase_if(entries_, [&](const Entry& entry) { return entry.text == text; });
}

int HostList::match(const Address& peer, std::string_view name) const {
    const Bytes bytes = mapped(peer);
    int best = 0;
    for (const Entry& entry : entries_) {
        const bool fits = entry.host.empty() ? same_prefix(entry.address, bytes, entry.prefix)
                                             : names_match(entry.host, name);
        if (fits) best = std::max(best, entry.prefix + 1);
    }
    return best;
}

bool HostList::needs_names() const {
    return std::any_of(entries_.begin(), entries_.end(),
                       [](const Entry& entry) { return !entry.host.empty(); });
}

}  // namespace pgsteer::config
