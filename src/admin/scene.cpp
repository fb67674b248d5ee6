// What the picture shows, before it has a shape.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "admin/html.h"
#include "admin/picture.h"

namespace pgsteer::admin {
namespace {

constexpr std::size_t most_nodes = 12;  // drawn each by itself

std::string lag_line(const NodeLine& node) {
    if (node.role != health::Role::standby) return "";
    if (node.lag.bytes) return "lag " + bytes_text(*node.lag.bytes);
    if (node.lag.time) return "lag " + span_text(*node.lag.time);
    return "";
}

std::string sessions_text(std::uint64_t sessions) {
    return count_text(sessions) + (sessions == 1 ? " session" : " sessions");
}

Box box_of(const NodeLine& node, bool legends) {
    Box box;
    box.tone = node.face.tone;
    box.title = node.name;
    box.badge = node.role == health::Role::unknown && node.face.tone == Tone::idle
                    ? node.face.state
                    : std::string(word(node.role));
    std::string state = node.face.state;
    if (node.node && node.node->timeline)
        state += fmt::format(" · timeline {}", static_cast<std::uint32_t>(*node.node->timeline));
    if (const std::string lag = lag_line(node); !lag.empty()) state += " · " + lag;
    box.lines = {state, sessions_text(node.sessions)};
    if (legends) box.lines[1] += " · " + node.address;
    box.reason = node.face.reason;
    box.full = node.name + ": " + state + (box.reason.empty() ? "" : ". " + box.reason);
    box.serves = node.serves;
    box.sessions = node.sessions;
    return box;
}

// What needs a look is drawn by itself, alike nodes as one box.
std::vector<Box> boxes_of(const ClusterView& view, bool legends) {
    std::vector<Box> boxes;
    if (view.nodes.size() <= most_nodes) {
        for (const NodeLine& node : view.nodes)
            boxes.push_back(box_of(node, legends));
        return boxes;
    }
    struct Group {
        std::size_t nodes = 0;
        const NodeLine* first = nullptr;
        std::uint64_t sessions = 0;
    };
    std::map<std::string, Group> groups;
    for (const NodeLine& node : view.nodes) {
        const bool alone = node.face.tone == Tone::fenced || node.role == health::Role::primary;
        if (alone && boxes.size() < most_nodes / 2) {
            boxes.push_back(box_of(node, legends));
            continue;
        }
        const std::string key =
            fmt::format("{}{}{}{}", static_cast<int>(node.face.tone), node.face.state,
                        word(node.role), fmt::join(node.serves, "\n"));
        Group& group = groups[key];
        if (group.nodes++ == 0) group.first = &node;
        group.sessions += node.sessions;
    }
    for (const auto& [key, group] : groups) {
        Box box = box_of(*group.first, legends);
        if (group.nodes > 1) {
            box.title = count_text(group.nodes) + " nodes";
            box.lines = {group.first->face.state, sessions_text(group.sessions)};
            box.reason = "";
            box.full = box.title + ": " + group.first->face.state + ", " + group.first->name + " …";
            box.sessions = static_cast<std::uint32_t>(group.sessions);
        }
        boxes.push_back(std::move(box));
        if (boxes.size() >= most_nodes) break;
    }
    return boxes;
}

bool leads_to(const ProxyLine& front, const std::string& backend) {
    return std::any_of(front.ways.begin(), front.ways.end(),
                       [&](const Way& way) { return way.backend == backend; });
}

// "*:5000" and "127.0.0.1:5000" are port 5000 to who may not see addresses.
std::string where(const ProxyLine& front, bool legends) {
    std::string text;
    for (const std::string& bind : front.binds) {
        const std::size_t colon = bind.rfind(':');
        const bool path = bind.starts_with('/') || colon == std::string::npos;
        text += (text.empty() ? "" : ", ") +
                (path || legends ? bind : "port " + bind.substr(colon + 1));
    }
    return text;
}

Box port_of(const ProxyLine& front, const Snapshot& snapshot, const std::vector<Box>& nodes,
            bool legends) {
    Box box;
    box.title = front.name;
    box.lines = {where(front, legends), sessions_text(front.sessions)};
    const bool served = std::any_of(nodes.begin(), nodes.end(), [&](const Box& node) {
        return std::any_of(node.serves.begin(), node.serves.end(),
                           [&](const std::string& name) { return leads_to(front, name); });
    });
    box.tone = served ? Tone::good : Tone::bad;
    if (!served) box.badge = "no server";
    if (front.mode != health::FrontendAdmin::Mode::open) {
        box.tone = Tone::off;
        box.badge = front.mode == health::FrontendAdmin::Mode::paused ? "paused" : "stopped";
    }
    std::uint64_t waiting = 0;
    for (const ProxyLine& back : snapshot.backends)
        if (leads_to(front, back.name)) waiting += back.waiting;
    if (waiting > 0) box.lines[1] += " · " + count_text(waiting) + " waiting";
    box.full = front.name + ": " + where(front, legends);
    return box;
}

std::string words_of(const Scene& scene) {
    std::string text;
    for (std::size_t i = 0; i < scene.ports.size(); ++i) {
        std::vector<std::string> names;
        for (const Box& node : scene.nodes)
            for (const Way& way : scene.ways[i])
                if (std::find(node.serves.begin(), node.serves.end(), way.backend) !=
                    node.serves.end()) {
                    names.push_back(node.title);
                    break;
                }
        text += fmt::format("{}, {}, {}. ", scene.ports[i].title, scene.ports[i].lines[0],
                            names.empty() ? "is served by nobody"
                                          : fmt::format("is served by {}", fmt::join(names, ", ")));
    }
    for (const Box& node : scene.nodes)
        text += fmt::format("{}: {}, {}. ", node.title, node.badge, node.lines[0]);
    return text;
}

}  // namespace

Scene scene_of(const Snapshot& snapshot, const ClusterView& view, bool legends) {
    Scene scene;
    scene.nodes = boxes_of(view, legends);
    for (const ProxyLine& front : snapshot.frontends) {
        if (front.http || scene.ports.size() == most_nodes) continue;
        scene.ports.push_back(port_of(front, snapshot, scene.nodes, legends));
        scene.ways.push_back(front.ways);
    }
    scene.words = words_of(scene);
    return scene;
}

}  // namespace pgsteer::admin
