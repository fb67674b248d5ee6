// Fetches: what a condition can look at. One row each; routing/fetches has a function of the same
// name. Source: HAProxy 2.6 configuration manual 7.3. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "config/rules.h"

namespace pgsteer::config {

// When a value can be had: on HAProxy's own words for places (manual 7.3.1 to 7.3.5).
enum class Layer : std::uint8_t {
    internal,  // always
    session,   // once a client is there
    content,   // once its first bytes are there
};

struct FetchRow {
    enum class Type : std::uint8_t { boolean, integer, address, text, bytes };
    enum class Takes : std::uint8_t {
        nothing,
        backend,           // a name, or nothing for the own one
        frontend,          // likewise
        server,            // "server" or "backend/server"
        name,              // any word
        integers,          // whole numbers
        place,             // one, from 0 on
        optional_integer,  // one, or nothing
        constant,          // any word, which is the value
        table,             // a stick table's section, or nothing for the own one
        counter,  // 0, 1 or 2: of track-sc0, -sc1 or -sc2; and where that key is looked up instead
    };
    std::string_view name;
    std::string_view other_name;  // an older one, or none
    Type type = Type::integer;
    Takes takes = Takes::nothing;
    Layer layer = Layer::internal;
    std::string_view help;
};
std::span<const FetchRow> fetch_rows();
// By either name; null when there is none.
const FetchRow* fetch_row(std::string_view name);

// "nbsrv(replicas)" with the row it names. Errors: no such fetch (with the nearest), one for HTTP
// or TLS listeners (with the way out), a converter, wrong arguments.
struct ParsedSample {
    Sample sample;
    const FetchRow* row = nullptr;
};
// `more`: further rows, looked at first.
Result<ParsedSample> parse_sample(std::string_view text, std::span<const FetchRow> more = {});

// Of a fetch that is no row: what is said of it; "unknown fetch method ..." when HAProxy has none
// of that name. Empty for a row.
std::string why_no_value(std::string_view name);

// Is this one of HTTP's fetches ("path", "hdr(...)" ...)? They are known, and have no value here.
bool is_web_fetch(std::string_view text);

}  // namespace pgsteer::config
