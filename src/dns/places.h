// Places: several addresses, or services, of one name, spread over servers that share it. Who has
// one keeps it while it is in the answers; what is new goes to the first place that is free. Pure.
#pragma once

#include <algorithm>
#include <optional>
#include <vector>

namespace pgsteer::dns {

template <class Thing>
using Places = std::vector<std::optional<Thing>>;

// `repeat`: places for which nothing is left share what others have (resolve-opts allow-dup-ip).
template <class Thing>
Places<Thing> spread(const Places<Thing>& before, const std::vector<Thing>& found, bool repeat) {
    Places<Thing> places(before.size());
    std::vector<bool> taken(found.size());
    for (std::size_t i = 0; i < before.size(); ++i)
        for (std::size_t j = 0; before[i] && j < found.size(); ++j) {
            if (!(found[j] == *before[i]) || (taken[j] && !repeat)) continue;
            places[i] = found[j];
            taken[j] = true;
            break;
        }
    std::size_t next = 0;
    for (auto& place : places) {
        if (place) continue;
        next = static_cast<std::size_t>(
            std::find(taken.begin() + static_cast<std::ptrdiff_t>(next), taken.end(), false) -
            taken.begin());
        if (next == found.size()) break;
        place = found[next];
        taken[next] = true;
    }
    for (std::size_t i = 0; repeat && !found.empty() && i < places.size(); ++i)
        if (!places[i]) places[i] = found[i % found.size()];
    return places;
}

}  // namespace pgsteer::dns
