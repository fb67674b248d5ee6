// What a stick table is, as the configuration says it: the type of its keys, its bounds, and what
// it counts for each. Values shared by config/ and routing/; any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace pgsteer {

enum class KeyType : std::uint8_t { ip, ipv6, integer, string, binary };

// In the order in which `show table` tells them (STKTABLE_DT_* of HAProxy 2.6).
enum class Stored : std::uint8_t {
    server_id,
    gpt0,
    gpc0,
    gpc0_rate,
    conn_cnt,
    conn_rate,
    conn_cur,
    sess_cnt,
    sess_rate,
    bytes_in_cnt,
    bytes_in_rate,
    bytes_out_cnt,
    bytes_out_rate,
    gpc1,
    gpc1_rate,
    server_key,
};
struct StoredName {
    std::string_view name;
    bool is_rate = false;
};
inline constexpr std::array<StoredName, 16> stored_names{{{"server_id", false},
                                                          {"gpt0", false},
                                                          {"gpc0", false},
                                                          {"gpc0_rate", true},
                                                          {"conn_cnt", false},
                                                          {"conn_rate", true},
                                                          {"conn_cur", false},
                                                          {"sess_cnt", false},
                                                          {"sess_rate", true},
                                                          {"bytes_in_cnt", false},
                                                          {"bytes_in_rate", true},
                                                          {"bytes_out_cnt", false},
                                                          {"bytes_out_rate", true},
                                                          {"gpc1", false},
                                                          {"gpc1_rate", true},
                                                          {"server_key", false}}};
constexpr const StoredName& name_of(Stored what) {
    return stored_names[static_cast<std::size_t>(what)];
}

struct TableSpec {
    struct Column {
        Stored what{};
        milliseconds period{0};  // of a rate
        friend bool operator==(const Column&, const Column&) = default;
    };
    KeyType type = KeyType::ip;
    std::size_t key_length = 0;   // of texts and bytes: at most so long
    std::uint32_t size = 0;       // most entries
    milliseconds expire{0};       // after the last use; 0: never
    bool no_purge = false;        // full: nothing new, instead of dropping the oldest
    std::vector<Column> columns;  // beside the server
    friend bool operator==(const TableSpec&, const TableSpec&) = default;
};

}  // namespace pgsteer
