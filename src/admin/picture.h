// The cluster as a picture: the listeners' ports, the nodes, and arrows from each port to the nodes
// that serve it. Inline SVG of the server's own making, once wide and once for narrow screens; the
// style shows one of them. Many nodes are drawn as groups. Pure.
#pragma once

#include <string>
#include <vector>

#include "admin/cluster_view.h"

namespace pgsteer::admin {

// What a box of the picture says.
struct Box {
    Tone tone = Tone::unknown;
    std::string title;
    std::string badge;                // at its right: the role
    std::vector<std::string> lines;   // below the title
    std::string reason;               // at its end, over two lines at most
    std::string full;                 // everything that was shortened, as a tooltip
    std::vector<std::string> serves;  // backends that send it sessions
    std::uint32_t sessions = 0;
};

struct Scene {
    std::vector<Box> ports;
    std::vector<std::vector<Way>> ways;  // of each port
    std::vector<Box> nodes;
    std::string words;  // the same for who does not see it
};

Scene scene_of(const Snapshot& snapshot, const ClusterView& view, bool legends);
std::string draw_wide(const Scene& scene);
std::string draw_narrow(const Scene& scene);

}  // namespace pgsteer::admin
