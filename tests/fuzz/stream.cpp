// An agent's stream, cut into pieces anywhere: the events are the same however it is cut, and
// nothing grows beyond the bound of one event.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probe/event_text.h"

namespace {

// The first byte says how long the pieces are.
std::optional<std::vector<std::string>> read_in_pieces(std::string_view text, std::size_t piece) {
    pgsteer::probe::EventReader reader;
    std::vector<std::string> all;
    for (std::size_t at = 0; at < text.size(); at += piece) {
        const auto events = reader.take(text.substr(at, piece));
        if (!events) return std::nullopt;
        all.insert(all.end(), events->begin(), events->end());
    }
    return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto whole = read_in_pieces(text, size);
    const auto pieces = read_in_pieces(text, 1 + data[0] % 64U);
    if (text.size() <= pgsteer::probe::most_event_bytes && (!whole || whole != pieces))
        std::abort();
    if (!pieces) return 0;
    for (const std::string& event : *pieces) {
        const auto read = pgsteer::probe::read_event(event);
        if (!read) continue;
        if (read->heartbeat.count() < 1 || read->heartbeat.count() > 60'000) std::abort();
        if (read->answer.status < 100 || read->answer.status > 599) std::abort();
        if (!read->answer.node) std::abort();
    }
    return 0;
}
