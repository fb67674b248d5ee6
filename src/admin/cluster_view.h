// ClusterView: the cluster as one picture, a line for each node whatever listeners name it: its
// role, history and lag, whether it is fenced and why, and which listeners send sessions to it. For
// `pgsteer status`. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "admin/face.h"
#include "admin/snapshot.h"

namespace pgsteer::admin {

struct NodeLine {
    std::string name, address;
    health::Role role = health::Role::unknown;
    std::string state;  // HAProxy's and ours: "UP", "DOWN", "FENCED", "LAGGING", "MAINT", ...
    std::string why;    // it is not UP; empty when it is
    std::optional<health::NodeState> node;
    health::Lag lag;
    bool fenced = false;
    std::vector<std::string> serves;  // names of the proxies that send it sessions
    std::uint32_t sessions = 0;
    std::string check;  // "L7OK/200"
    Face face;          // of its servers' the one to be seen first
};

struct WaitingLine {
    std::string proxy;
    std::uint64_t clients = 0;
};

struct ClusterView {
    std::vector<NodeLine> nodes;  // in the order of the file
    std::vector<WaitingLine> waiting;
};

ClusterView cluster_view(const Snapshot& snapshot);

// One primary, no node fenced, every role known.
bool whole(const ClusterView& view);

// Of every view of it as a table; one row for a node, in their order.
inline constexpr std::size_t cluster_columns = 8;
using ClusterRow = std::array<std::string, cluster_columns>;
ClusterRow column_names();
ClusterRow cluster_row(const NodeLine& line);

std::string as_table(const ClusterView& view);
nlohmann::ordered_json as_json(const ClusterView& view);

}  // namespace pgsteer::admin
