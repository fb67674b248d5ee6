// The upper half of the page: the cluster as a picture and as a table, the last failovers, the last
// events.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "admin/cluster_view.h"
#include "admin/html.h"
#include "admin/page_view.h"
#include "admin/picture.h"

namespace pgsteer::admin {
namespace {

constexpr std::size_t most_failovers = 8;
constexpr std::size_t most_events = 20;

// One sentence about all of it.
std::string verdict(const ClusterView& view) {
    const auto count = [&](auto holds) {
        return std::count_if(view.nodes.begin(), view.nodes.end(), holds);
    };
    const auto fenced = count([](const NodeLine& n) { return n.fenced; });
    const auto primaries =
        count([](const NodeLine& n) { return n.role == health::Role::primary && !n.fenced; });
    const auto bad = count(
        [](const NodeLine& n) { return n.face.tone == Tone::bad || n.face.tone == Tone::unknown; });
    const auto standbys = count([](const NodeLine& n) { return n.role == health::Role::standby; });
    Tone tone = Tone::good;
    std::string text = primaries == 1   ? "One primary"
                       : primaries == 0 ? std::string("No primary known")
                                        : fmt::format("{} primaries", primaries);
    text += fmt::format(", {} {}", standbys, standbys == 1 ? "standby" : "standbys");
    if (primaries == 0 && standbys > 0) tone = Tone::bad;
    if (bad > 0) {
        text += fmt::format(", {} down or unknown", bad);
        tone = tone == Tone::good ? Tone::busy : tone;
    }
    if (fenced > 0) {
        text += fmt::format(", {} fenced", fenced);
        tone = Tone::fenced;
    }
    // Plain checks tell no roles; then up is all there is to say.
    if (primaries == 0 && standbys == 0 && bad == 0 && fenced == 0 && !view.nodes.empty()) {
        text = fmt::format("{} nodes", view.nodes.size());
        tone = Tone::good;
    }
    std::uint64_t waiting = 0;
    for (const WaitingLine& line : view.waiting)
        waiting += line.clients;
    if (waiting > 0) text += fmt::format(", {} clients waiting", count_text(waiting));
    return fmt::format("<p class=\"verdict t-{}\" id=verdict>{}{}</p>", word(tone), sign(tone),
                       text);
}

std::string node_table(const ClusterView& view, bool legends) {
    std::string out =
        "<div class=wide role=region tabindex=0 aria-label=Nodes><table><caption "
        "class=unseen>Nodes of the cluster</caption><thead><tr>";
    const auto names = column_names();
    constexpr std::size_t address = 1;
    for (std::size_t i = 0; i < names.size(); ++i)
        if (legends || i != address) {
            std::string name = names[i];
            std::transform(name.begin(), name.end(), name.begin(),
                           [](unsigned char c) { return static_cast<char>(c | 0x20); });
            out += "<th scope=col>" + name + "</th>";
        }
    out += "</tr></thead><tbody>";
    for (const NodeLine& line : view.nodes) {
        const ClusterRow row = cluster_row(line);
        out += "<tr><th scope=row>" + escape(row[0]) + "</th>";
        constexpr std::size_t state = 5;
        for (std::size_t i = 1; i < row.size(); ++i) {
            if (!legends && i == address) continue;
            if (i == state)
                out += fmt::format("<td class=\"state t-{}\">{}{}</td>", word(line.face.tone),
                                   sign(line.face.tone), escape(line.face.state));
            else
                out += "<td>" + escape(row[i]) + "</td>";
        }
        out += "</tr>";
    }
    return out + "</tbody></table></div>";
}

// On a scale on which 10 ms and a minute are both to be seen.
double bar_width(Duration length) {
    constexpr double longest = 600;  // s
    constexpr double shortest = 0.005;
    const double s = std::clamp(std::chrono::duration<double>(length).count(), shortest, longest);
    return 4 + 96 * std::log(s / shortest) / std::log(longest / shortest);
}

std::string names(const std::vector<std::string>& servers) {
    constexpr std::size_t most = 3;
    std::string text;
    for (std::size_t i = 0; i < servers.size() && i < most; ++i)
        text += (i == 0 ? "" : ", ") + servers[i];
    if (servers.size() > most) text += fmt::format(" and {} more", servers.size() - most);
    return text;
}

std::string failover_item(const Failover& failover) {
    const bool over = failover.length.has_value();
    const bool moved = over && failover.from != failover.to;
    const Tone tone = !over ? Tone::bad : moved ? Tone::good : Tone::idle;
    std::string out = fmt::format("<li class=t-{}>{}", word(tone), sign(tone));
    out += fmt::format(
        "<span class=when><time datetime={0}>{1} UTC</time> <small>{2} ago</small>"
        "</span>",
        utc_text(failover.at), utc_text(failover.at).substr(11, 8), age_mark(failover.lost));
    out += "<span class=what><strong>" + escape(failover.backend) + "</strong> ";
    out += escape(names(failover.from));
    out += moved ? " → " + escape(names(failover.to)) : over ? " again" : " lost";
    out += "</span>";
    if (!over)
        return out + "<span class=long><strong>no server for " + age_mark(failover.lost) +
               "</strong></span></li>";
    if (failover.length->count() == 0)
        return out + "<span class=long>at once: nobody was without a server</span></li>";
    out += fmt::format(
        "<span class=long><svg class=bar viewBox=\"0 0 100 8\" preserveAspectRatio=none "
        "aria-hidden=true><rect width={:.1f} height=8 rx=2 /></svg>{} without a server",
        bar_width(*failover.length), span_text(*failover.length));
    if (failover.waiting > 0) out += fmt::format(", {} clients waited", failover.waiting);
    return out + "</span></li>";
}

std::string failover_list(const Snapshot& snapshot) {
    if (snapshot.failovers.empty())
        return "<ol class=line id=failovers><li class=none>None since the start.</li></ol>";
    std::string out = "<ol class=line id=failovers>";
    std::size_t shown = 0;
    for (auto it = snapshot.failovers.rbegin();
         it != snapshot.failovers.rend() && shown < most_failovers; ++it, ++shown)
        out += failover_item(*it);
    return out + "</ol>";
}

std::string event_list(const Snapshot& snapshot) {
    std::string out = "<ol class=events id=events>";
    std::size_t shown = 0;
    for (auto it = snapshot.events.rbegin(); it != snapshot.events.rend() && shown < most_events;
         ++it, ++shown)
        out += fmt::format("<li><time datetime={}>{} UTC</time> {}</li>", utc_text(it->at),
                           utc_text(it->at).substr(11, 8), escape(it->text));
    if (snapshot.events.empty()) out += "<li class=none>None yet.</li>";
    return out + "</ol>";
}

}  // namespace

std::string sign(Tone tone) {
    return fmt::format("<svg class=sign aria-hidden=true><use href=\"#s-{}\" /></svg>", word(tone));
}

Pieces cluster_pieces(const PageView& view) {
    const ClusterView cluster = cluster_view(view.snapshot);
    const bool legends = view.page.show_legends;
    const Scene scene = scene_of(view.snapshot, cluster, legends);
    Pieces pieces;
    pieces.push_back({"", "<section aria-labelledby=h-cluster><h2 id=h-cluster>Cluster</h2>"});
    pieces.push_back({"verdict", verdict(cluster)});
    pieces.push_back({"picture", "<figure id=picture role=img aria-label=\"" + escape(scene.words) +
                                     "\">" + draw_wide(scene) + draw_narrow(scene) + "</figure>"});
    pieces.push_back({"", "<details id=d-nodes><summary>The nodes as a table</summary>"});
    pieces.push_back({"nodes", "<div id=nodes>" + node_table(cluster, legends) + "</div>"});
    pieces.push_back({"", "</details></section>"});
    return pieces;
}

Pieces history_pieces(const PageView& view) {
    Pieces pieces;
    pieces.push_back({"", "<section aria-labelledby=h-past><h2 id=h-past>Last failovers</h2>"});
    pieces.push_back({"failovers", failover_list(view.snapshot)});
    // Events name every section: who sees a part of them sees none.
    if (view.page.scope.empty()) {
        pieces.push_back({"", "<details id=d-events><summary>All that happened</summary>"});
        pieces.push_back({"events", event_list(view.snapshot)});
        pieces.push_back({"", "</details>"});
    }
    pieces.push_back({"", "</section>"});
    return pieces;
}

}  // namespace pgsteer::admin
