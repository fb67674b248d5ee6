// The statistics as text: HAProxy's CSV, its typed lines and its JSON, of one model. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "admin/info_row.h"
#include "admin/snapshot.h"
#include "admin/stat_row.h"

namespace pgsteer::admin {

struct StatFilter {
    static constexpr unsigned frontends = 1, backends = 2, servers = 4, listeners = 8;
    static constexpr unsigned all = 15;
    std::optional<std::uint32_t> proxy;   // its number
    std::optional<std::string> name;      // its name
    std::optional<std::uint32_t> server;  // its number in the backend
    unsigned kinds = all;
    bool hide_maintenance = false;
    bool up_only = false;
    bool legends = true;
};

std::string stat_csv(const Snapshot& snapshot, const StatFilter& filter);
std::string stat_typed(const Snapshot& snapshot, const StatFilter& filter, bool with_help);
std::string stat_json(const Snapshot& snapshot, const StatFilter& filter);

std::string info_text(const Snapshot& snapshot, bool with_help);
std::string info_typed(const Snapshot& snapshot, bool with_help);
std::string info_json(const Snapshot& snapshot);
std::string schema_json();

// Text of the CSV: quoted where it must be (RFC 4180).
std::string csv_text(const std::string& text);

}  // namespace pgsteer::admin
