#include "admin/picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "admin/html.h"

namespace pgsteer::admin {
namespace {

struct Place {
    double x = 0, y = 0, width = 0, height = 0;
    double middle() const { return y + height / 2; }
};

constexpr double head = 30;  // of a box: its title
constexpr double line_height = 19;
constexpr double foot = 12;
constexpr std::size_t most_reason_lines = 2;

// Breaks at blanks; what does not fit ends with an ellipsis.
std::vector<std::string> wrapped(const std::string& text, std::size_t width) {
    std::vector<std::string> lines;
    std::string_view rest = text;
    while (!rest.empty() && lines.size() < most_reason_lines) {
        const bool last = lines.size() + 1 == most_reason_lines;
        if (rest.size() <= width || last) {
            lines.push_back(shortened(rest, width));
            break;
        }
        std::size_t end = rest.rfind(' ', width);
        if (end == std::string_view::npos || end == 0) end = width;
        lines.emplace_back(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return lines;
}

std::size_t characters(double width) {
    constexpr double of_one = 7;  // of the small text, on average
    return static_cast<std::size_t>(width / of_one);
}

double height_of(const Box& box, double width) {
    const std::size_t lines = box.lines.size() + wrapped(box.reason, characters(width - 44)).size();
    return head + line_height * static_cast<double>(lines) + foot;
}

// Boxes below one another.
std::vector<Place> stacked(const std::vector<Box>& boxes, double x, double y, double width,
                           double gap) {
    std::vector<Place> places;
    for (const Box& box : boxes) {
        places.push_back({x, y, width, height_of(box, width)});
        y += places.back().height + gap;
    }
    return places;
}

double bottom(const std::vector<Place>& places) {
    return places.empty() ? 0 : places.back().y + places.back().height;
}

// `kind` of box, in which of the pictures.
void add_box(std::string& out, const Box& box, const Place& place, std::string_view kind,
             std::string_view picture) {
    const auto put = std::back_inserter(out);
    fmt::format_to(put,
                   "<g class=\"{} t-{}\"><title>{}</title><rect class=box x={:.0f} y={:.0f} "
                   "width={:.0f} height={:.0f} rx=10 />",
                   kind, word(box.tone), escape(box.full), place.x, place.y, place.width,
                   place.height);
    if (box.tone == Tone::fenced)
        fmt::format_to(put,
                       "<rect fill=\"url(#hatch-{})\" x={:.0f} y={:.0f} width={:.0f} "
                       "height={:.0f} rx=10 />",
                       picture, place.x, place.y, place.width, place.height);
    fmt::format_to(put, "<rect class=edge x={:.0f} y={:.0f} width=5 height={:.0f} rx=2.5 />",
                   place.x + 5, place.y + 9, place.height - 18);
    fmt::format_to(put, "<use href=\"#s-{}\" class=sign x={:.0f} y={:.0f} width=18 height=18 />",
                   word(box.tone), place.x + 18, place.y + 11);
    const std::size_t badge_width = box.badge.empty() ? 0 : box.badge.size() * 8 + 18;
    const double left = place.width - 56 - static_cast<double>(badge_width);
    fmt::format_to(put, "<text class=name x={:.0f} y={:.0f}>{}</text>", place.x + 43, place.y + 26,
                   escape(shortened(box.title, static_cast<std::size_t>(left / 9.5))));
    if (badge_width > 0) {
        const double x = place.x + place.width - static_cast<double>(badge_width) - 10;
        fmt::format_to(put,
                       "<rect class=badge x={:.0f} y={:.0f} width={} height=22 rx=11 /><text "
                       "class=badge x={:.1f} y={:.0f}>{}</text>",
                       x, place.y + 9, badge_width, x + static_cast<double>(badge_width) / 2,
                       place.y + 24, escape(box.badge));
    }
    double y = place.y + head + 17;
    for (const std::string& line : box.lines) {
        fmt::format_to(put, "<text class=fact x={:.0f} y={:.0f}>{}</text>", place.x + 20, y,
                       escape(shortened(line, characters(place.width - 30))));
        y += line_height;
    }
    for (const std::string& line : wrapped(box.reason, characters(place.width - 44))) {
        fmt::format_to(put, "<text class=why x={:.0f} y={:.0f}>{}</text>", place.x + 20, y,
                       escape(line));
        y += line_height;
    }
    out += "</g>";
}

struct Arrow {
    std::size_t port = 0, node = 0;
    bool always = true;
    std::uint32_t sessions = 0;
};

std::vector<Arrow> arrows_of(const Scene& scene) {
    std::vector<Arrow> arrows;
    for (std::size_t p = 0; p < scene.ports.size(); ++p)
        for (std::size_t n = 0; n < scene.nodes.size(); ++n) {
            const auto& serves = scene.nodes[n].serves;
            const auto way =
                std::find_if(scene.ways[p].begin(), scene.ways[p].end(), [&](const Way& one) {
                    return std::find(serves.begin(), serves.end(), one.backend) != serves.end();
                });
            if (way != scene.ways[p].end())
                arrows.push_back({p, n, way->always, scene.nodes[n].sessions});
        }
    return arrows;
}

// Those that leave or reach the same box share its side.
double shared(const Place& place, std::size_t which, std::size_t of) {
    const double step = std::min(18.0, place.height / static_cast<double>(of + 1));
    return place.middle() + step * (static_cast<double>(which) - static_cast<double>(of - 1) / 2);
}

struct Side {
    std::size_t which = 0, of = 0;
};
// Which of the arrows at the same box is it?
Side side_of(const std::vector<Arrow>& arrows, const Arrow& arrow, std::size_t Arrow::*end) {
    Side side;
    for (const Arrow& other : arrows) {
        if (other.*end != arrow.*end) continue;
        if (&other < &arrow) ++side.which;
        ++side.of;
    }
    return side;
}

std::string_view dash(const Arrow& arrow) {
    return arrow.always ? "way" : "way maybe";
}

std::string begin(std::string_view kind, double width, double height) {
    return fmt::format(
        "<svg class=\"picture {0}\" viewBox=\"0 0 {1:.0f} {2:.0f}\" aria-hidden=true "
        "focusable=false><defs><marker id=\"tip-{0}\" viewBox=\"0 0 8 8\" refX=7 refY=4 "
        "markerWidth=7 markerHeight=7 orient=auto><path class=tip d=\"M0 0 8 4 0 8z\" />"
        "</marker><pattern id=\"hatch-{0}\" width=8 height=8 patternUnits=userSpaceOnUse "
        "patternTransform=\"rotate(45)\"><rect class=hatch width=3 height=8 /></pattern></defs>",
        kind, width, height);
}

}  // namespace

std::string draw_wide(const Scene& scene) {
    constexpr double width = 1000;
    constexpr double margin = 8;
    auto ports = stacked(scene.ports, margin, margin, 270, 22);
    auto nodes = stacked(scene.nodes, 590, margin, width - 590 - margin, 16);
    const double height = std::max(bottom(ports), bottom(nodes)) + margin;
    for (auto* const side : {&ports, &nodes})
        for (const double down = (height - margin - bottom(*side)) / 2; Place & place : *side)
            place.y += down;
    std::string out = begin("wide", width, height);
    const auto arrows = arrows_of(scene);
    for (const Arrow& arrow : arrows) {
        const Side from = side_of(arrows, arrow, &Arrow::port);
        const Side to = side_of(arrows, arrow, &Arrow::node);
        const Place& port = ports[arrow.port];
        const Place& node = nodes[arrow.node];
        const double x1 = port.x + port.width + 2;
        const double x2 = node.x - 5;
        const double y1 = shared(port, from.which, from.of);
        const double y2 = shared(node, to.which, to.of);
        fmt::format_to(std::back_inserter(out),
                       "<path class=\"{}\" d=\"M{:.0f} {:.1f}C{:.0f} {:.1f} {:.0f} {:.1f} {:.0f} "
                       "{:.1f}\" marker-end=\"url(#tip-wide)\" />",
                       dash(arrow), x1, y1, x1 + 140, y1, x2 - 150, y2, x2, y2);
    }
    for (std::size_t i = 0; i < ports.size(); ++i)
        add_box(out, scene.ports[i], ports[i], "port", "wide");
    for (std::size_t i = 0; i < nodes.size(); ++i)
        add_box(out, scene.nodes[i], nodes[i], "node", "wide");
    return out + "</svg>";
}

// Ports above nodes; arrows run down beside them, one lane for each port.
std::string draw_narrow(const Scene& scene) {
    constexpr double width = 340;
    constexpr double margin = 4;
    constexpr double lane = 11;
    const double gutter = 14 + lane * static_cast<double>(scene.ports.size());
    const double box_width = width - gutter - margin;
    const auto ports = stacked(scene.ports, gutter, margin, box_width, 12);
    const auto nodes = stacked(scene.nodes, gutter, bottom(ports) + 26, box_width, 12);
    const double height = std::max(bottom(ports), bottom(nodes)) + margin;
    std::string out = begin("narrow", width, height);
    const auto arrows = arrows_of(scene);
    for (const Arrow& arrow : arrows) {
        const Place& port = ports[arrow.port];
        const Side to = side_of(arrows, arrow, &Arrow::node);
        const double y = shared(nodes[arrow.node], to.which, to.of);
        const double x = 6 + lane * static_cast<double>(arrow.port);
        constexpr double round = 7;
        fmt::format_to(
            std::back_inserter(out),
            "<path class=\"{0}\" d=\"M{1:.0f} {2:.1f}H{3:.1f}Q{4:.1f} {2:.1f} {4:.1f} {5:.1f}"
            "V{6:.1f}Q{4:.1f} {7:.1f} {3:.1f} {7:.1f}H{8:.1f}\" marker-end=\"url(#tip-narrow)\" />",
            dash(arrow), port.x, port.middle(), x + round, x, port.middle() + round, y - round, y,
            gutter - 3);
    }
    for (std::size_t i = 0; i < ports.size(); ++i)
        add_box(out, scene.ports[i], ports[i], "port", "narrow");
    for (std::size_t i = 0; i < nodes.size(); ++i)
        add_box(out, scene.nodes[i], nodes[i], "node", "narrow");
    return out + "</svg>";
}

}  // namespace pgsteer::admin
