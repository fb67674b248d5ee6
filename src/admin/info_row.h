// The process in numbers: what `show info` and the metrics haproxy_process_... print. Pure.
#pragma once

#include <string_view>
#include <vector>

#include "admin/snapshot.h"
#include "admin/stat_row.h"

namespace pgsteer::admin {

enum class InfoType : std::uint8_t { text, u32, u64 };

struct InfoName {
    unsigned position;
    std::string_view name;
    std::string_view tags;
    InfoType type;
    std::string_view metric;  // after "haproxy_process_"; empty: none
    bool counter;             // of the metric
    std::string_view help;
};

struct InfoRow {
    const InfoName* name;
    StatValue value;
};

std::vector<InfoRow> info_rows(const Snapshot& snapshot);

}  // namespace pgsteer::admin
