// The metrics of each kind of object as rows; used by admin/metrics alone.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "admin/stat_row.h"

namespace pgsteer::admin {

// How a metric is made of its column.
enum class Metric : std::uint8_t {
    number,
    states,        // one line for each state: 1 for that which holds
    checks,        // the same of the last check
    state_counts,  // how many servers are in each
    check_counts,
};

struct MetricRow {
    std::string_view name;  // after "haproxy_KIND_"
    bool counter;
    Stat stat;
    Metric metric;
    bool milliseconds;  // the column's; metrics are in seconds
    std::string_view help;
};

std::span<const MetricRow> frontend_metrics();
std::span<const MetricRow> listener_metrics();
std::span<const MetricRow> backend_metrics();
std::span<const MetricRow> server_metrics();

}  // namespace pgsteer::admin
