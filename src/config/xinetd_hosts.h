// The host lists of only_from and no_access: addresses, factorised addresses, networks with a mask
// and host names, matched as xinetd's addr.c does. A value; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/result.h"

namespace pgsteer::config {

class HostList {
  public:
    // "10.0.0.0" (zeros at the end are wildcards), "10.1.{2,3}", "10.0.0.0/8", "fd00::/8",
    // "db.example.org", ".example.org". Errors: none of these.
    Result<void> add(std::string_view text);
    // Takes away what add() of the same text brought.
    void remove(std::string_view text);

    // Length of the longest matching prefix plus 1; 0: no match. `name` is what the reverse lookup
    // said, empty when nobody looked.
    int match(const Address& peer, std::string_view name) const;
    bool needs_names() const;
    bool empty() const { return entries_.empty(); }
    std::size_t size() const { return entries_.size(); }

  private:
    struct Entry {
        std::string text;
        std::array<std::uint8_t, 16> address{};  // IPv4 as ::ffff:a.b.c.d
        int prefix = 128;                        // of 128 bits
        std::string host;                        // a name instead
    };
    std::vector<Entry> entries_;
};

// The address in 16 bytes, IPv4 as ::ffff:a.b.c.d.
std::array<std::uint8_t, 16> mapped(const Address& address);

}  // namespace pgsteer::config
