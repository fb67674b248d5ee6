#include "admin/cluster_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/units.h"

namespace pgsteer::admin {
namespace {

using health::Role;

std::string check_text(const health::ServerView& view) {
    return view.check_code > 0 ? fmt::format("{}/{}", view.check_word, view.check_code)
                               : view.check_word;
}

std::string reason(const ServerLine& server) {
    const health::ServerView& view = server.view;
    if (!view.why.empty()) return view.why;
    if (view.node && !view.node->reason.empty()) return view.node->reason;
    if (server.accepts || view.role != Role::unknown) return "";
    return view.check_text;
}

NodeLine node_line(const ServerLine& server) {
    NodeLine line;
    line.name = server.view.name;
    line.address = server.address;
    line.role = server.view.role;
    line.state = server.view.state;
    line.why = reason(server);
    line.node = server.view.node;
    line.lag = server.view.lag;
    line.check = check_text(server.view);
    line.face = face_of(server);
    return line;
}

// A standby is DOWN for the listener that wants a primary, and that is no trouble: what matters is
// whether anybody uses it, and whether anybody fences it.
void add(NodeLine& line, const ServerLine& server, const std::string& proxy) {
    const bool used_before = !line.serves.empty();
    if (Face face = face_of(server); face.tone < line.face.tone) line.face = std::move(face);
    line.sessions += server.sessions;
    if (server.accepts) line.serves.push_back(proxy);
    if (line.fenced) return;
    line.fenced = server.view.state == "FENCED";
    if (line.fenced || (server.accepts && !used_before)) {
        line.state = server.view.state;
        line.why = reason(server);
        line.check = check_text(server.view);
    } else if (line.why.empty()) {
        line.why = reason(server);
    }
}

std::string lag_text(const NodeLine& line) {
    if (line.role != Role::standby) return "-";
    std::string text;
    if (line.lag.bytes) text = fmt::format("{} B", *line.lag.bytes);
    if (line.lag.time)
        text += fmt::format("{}{}", text.empty() ? "" : ", ", format_time(*line.lag.time));
    return text.empty() ? "unknown" : text;
}

std::string joined(const std::vector<std::string>& words) {
    return words.empty() ? "-" : fmt::format("{}", fmt::join(words, ","));
}

nlohmann::ordered_json node_object(const NodeLine& line) {
    nlohmann::ordered_json object;
    object["name"] = line.name;
    object["address"] = line.address;
    object["role"] = word(line.role);
    object["state"] = line.state;
    object["fenced"] = line.fenced;
    object["why"] = line.why;
    const auto& node = line.node;
    object["timeline"] = nullptr;
    object["system"] = nullptr;
    object["lsn"] = nullptr;
    if (node && node->timeline) object["timeline"] = static_cast<std::uint32_t>(*node->timeline);
    if (node && node->system)
        object["system"] = std::to_string(static_cast<std::uint64_t>(*node->system));
    if (node && node->lsn) object["lsn"] = node->lsn->text();
    object["lag_bytes"] = nullptr;
    object["lag_ms"] = nullptr;
    if (line.lag.bytes) object["lag_bytes"] = *line.lag.bytes;
    if (line.lag.time) object["lag_ms"] = line.lag.time->count();
    object["serves"] = line.serves;
    object["sessions"] = line.sessions;
    object["check"] = line.check;
    return object;
}

}  // namespace

ClusterView cluster_view(const Snapshot& snapshot) {
    ClusterView view;
    for (const ProxyLine& backend : snapshot.backends) {
        if (backend.waiting > 0) view.waiting.push_back({backend.name, backend.waiting});
        for (const ServerLine& server : backend.servers) {
            auto node =
                std::find_if(view.nodes.begin(), view.nodes.end(), [&](const NodeLine& known) {
                    return known.name == server.view.name && known.address == server.address;
                });
            if (node == view.nodes.end())
                node = view.nodes.insert(view.nodes.end(), node_line(server));
            add(*node, server, backend.name);
        }
    }
    return view;
}

bool whole(const ClusterView& view) {
    const auto primaries = std::count_if(
        view.nodes.begin(), view.nodes.end(),
        [](const NodeLine& line) { return line.role == Role::primary && !line.fenced; });
    return primaries == 1 &&
           std::none_of(view.nodes.begin(), view.nodes.end(), [](const NodeLine& line) {
               return line.fenced || line.role == Role::unknown;
           });
}

ClusterRow column_names() {
    return {"NODE", "ADDRESS", "ROLE", "TIMELINE", "LAG", "STATE", "SERVES", "WHY"};
}

ClusterRow cluster_row(const NodeLine& line) {
    return {line.name,
            line.address,
            std::string(word(line.role)),
            line.node && line.node->timeline
                ? std::to_string(static_cast<std::uint32_t>(*line.node->timeline))
                : "-",
            lag_text(line),
            line.state,
            joined(line.serves),
            line.why};
}

std::string as_table(const ClusterView& view) {
    std::vector<ClusterRow> rows{column_names()};
    for (const NodeLine& line : view.nodes)
        rows.push_back(cluster_row(line));
    std::array<std::size_t, cluster_columns> widths{};
    for (const ClusterRow& row : rows)
        for (std::size_t i = 0; i < cluster_columns; ++i)
            widths[i] = std::max(widths[i], row[i].size());
    std::string text;
    for (const ClusterRow& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < cluster_columns; ++i)
            line += fmt::format("{:<{}}  ", row[i], widths[i]);
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + "\n";
    }
    for (const WaitingLine& line : view.waiting)
        text += fmt::format("{}: {} clients wait for a server\n", line.proxy, line.clients);
    return text;
}

nlohmann::ordered_json as_json(const ClusterView& view) {
    nlohmann::ordered_json object;
    object["whole"] = whole(view);
    object["nodes"] = nlohmann::ordered_json::array();
    for (const NodeLine& line : view.nodes)
        object["nodes"].push_back(node_object(line));
    object["waiting"] = nlohmann::ordered_json::object();
    for (const WaitingLine& line : view.waiting)
        object["waiting"][line.proxy] = line.clients;
    return object;
}

}  // namespace pgsteer::admin
