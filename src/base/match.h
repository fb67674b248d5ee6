// Match: is a value one of the patterns? What HAProxy's ACLs compare with (manual 7.1): integers
// in ranges, addresses in networks, texts, regular expressions. Pure, immutable; any thread.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/address.h"
#include "base/pattern.h"
#include "base/result.h"

namespace pgsteer {

// What a rule looks at. Texts are views: whoever owns the bytes outlives the comparison.
using Value = std::variant<bool, std::int64_t, Address, std::string_view>;

// As HAProxy casts it to a string: "1", "-5", "10.0.0.1", the text itself.
std::string text_of(const Value& value);

struct Range {
    std::int64_t lowest = std::numeric_limits<std::int64_t>::min();
    std::int64_t highest = std::numeric_limits<std::int64_t>::max();
    friend bool operator==(const Range&, const Range&) = default;
};

struct Network {
    Address address;
    unsigned bits = 0;  // of the address that count: 0..32, 0..128
    bool has(const Address& other) const;
    // "10.0.0.0/8", "10.0.0.0/255.0.0.0", "::1", "*". Error: it is none of them.
    static Result<Network> parse(std::string_view text);
    friend bool operator==(const Network&, const Network&) = default;
};

struct Match {
    enum class Kind : std::uint8_t {
        boolean,  // without patterns: is it true, or not 0?
        found,    // without patterns: is there a value at all?
        integer,
        length,
        address,
        equal,
        binary,  // equal bytes: an address is its 4 or 16, an integer its 8
        begin,
        end,
        part,
        regex,
        directory,  // "b" in "a/b/c"
        domain,     // "b" in "a.b.c"
    };
    Kind kind = Kind::boolean;
    bool ignore_case = false;
    std::vector<Range> ranges;
    std::vector<Network> networks;
    std::vector<std::string> texts;  // lower case when ignore_case
    std::vector<std::shared_ptr<const Pattern>> expressions;

    // A regular expression that needs more steps than are allowed does not match.
    bool has(const Value& value) const;
    // No pattern is there to be met: it never matches.
    bool empty() const;
};

// "5", "1:10", ":10", "10:"; "3.1" counts as 3 * 65536 + 1, as HAProxy reads versions.
Result<Range> parse_range(std::string_view text);

}  // namespace pgsteer
