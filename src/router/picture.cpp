#include "router/picture.h"

#include <fmt/format.h>

#include <algorithm>

namespace pgsteer::router {
namespace {

using Server = BackendView::Server;

const Server* primary_of(const BackendView& backend) {
    const auto found = std::find_if(backend.servers.begin(), backend.servers.end(),
                                    [](const Server& server) { return server.is_primary; });
    return found == backend.servers.end() ? nullptr : &*found;
}

std::uint32_t number(pgwire::Timeline timeline) {
    return static_cast<std::uint32_t>(timeline);
}

std::string plural(std::uint64_t count, std::string_view one, std::string_view many) {
    return fmt::format("{} {}", count, count == 1 ? one : many);
}

std::int64_t in_ms(Duration span) {
    return std::chrono::duration_cast<milliseconds>(span).count();
}

}  // namespace

bool Picture::is_unsettled(const std::string& backend) const {
    const auto seen = seen_.find(backend);
    return seen != seen_.end() && seen->second.release.has_value();
}

std::vector<log::Record> Picture::look(const BackendView& backend, TimePoint now) {
    std::vector<log::Record> records;
    Seen& seen = seen_[backend.name];
    const Server* const primary = primary_of(backend);
    const bool same = primary != nullptr && seen.primary && seen.primary->name == primary->name;
    if (!same && seen.primary) {
        // A line that is still due would be about a primary that has gone.
        if (seen.release) records.push_back(gained(seen, backend, now));
        seen.last = std::exchange(seen.primary, std::nullopt);
        seen.lost_at = now;
        if (primary == nullptr) {
            const auto left =
                std::find_if(backend.servers.begin(), backend.servers.end(),
                             [&](const Server& server) { return server.name == seen.last->name; });
            const std::string why =
                left == backend.servers.end() ? "it is no server any more" : left->why;
            records.push_back({.level = log::Level::alert,
                               .text = fmt::format("Proxy {}: no primary now: {}: {}; {} wait",
                                                   backend.name, seen.last->name, why,
                                                   plural(backend.waiting, "client", "clients")),
                               .event = "primary-lost",
                               .fields = {{"backend", backend.name},
                                          {"server", seen.last->name},
                                          {"reason", why},
                                          {"waiting", fmt::format("{}", backend.waiting), true}},
                               .shown = log::Level::warning});
        }
    }
    if (!same && primary != nullptr) {
        seen.before = std::exchange(seen.last, std::nullopt);
        seen.without = seen.before ? now - seen.lost_at : Duration{};
        seen.primary = Primary{primary->name, primary->timeline};
        seen.release = Release{now, backend.waiting, backend.released};
    } else if (same) {
        if (primary->timeline) seen.primary->timeline = primary->timeline;
    }
    if (!seen.release) return records;
    const bool cuts_done =
        std::none_of(backend.servers.begin(), backend.servers.end(), [&](const Server& server) {
            return seen.before && server.name == seen.before->name &&
                   server.name != seen.primary->name && server.sessions > 0;
        });
    const bool is_over = now - seen.release->began >= longest_wait;
    if ((cuts_done && backend.waiting == 0) || is_over)
        records.push_back(gained(seen, backend, now));
    return records;
}

log::Record Picture::gained(Seen& seen, const BackendView& backend, TimePoint now) {
    const Release release = *std::exchange(seen.release, std::nullopt);
    const Primary& primary = *seen.primary;
    log::Record record{.level = log::Level::notice, .text = {}, .event = "primary"};
    record.fields = {{"backend", backend.name}, {"server", primary.name}};
    std::string text = fmt::format("Proxy {}: {} is the primary now", backend.name, primary.name);
    const auto& before = seen.before;
    if (primary.timeline) {
        text += fmt::format(" (timeline {}", number(*primary.timeline));
        record.fields.push_back({"timeline", fmt::format("{}", number(*primary.timeline)), true});
        if (before && before->timeline && *before->timeline != *primary.timeline) {
            text += fmt::format(", was {}", number(*before->timeline));
            record.fields.push_back(
                {"timeline_before", fmt::format("{}", number(*before->timeline)), true});
        }
        text += ")";
    }
    if (before) record.fields.push_back({"before", before->name});
    if (const auto ms = in_ms(seen.without); ms > 0) {
        text += fmt::format(" after {}.{} s without one", ms / 1000, ms % 1000 / 100);
        record.fields.push_back({"without_ms", fmt::format("{}", ms), true});
    }
    std::uint64_t cut_in_all = 0;
    for (const Server& server : backend.servers) {
        const std::uint64_t told = std::exchange(seen.cut_told[server.name], server.cut);
        // A server that was removed and added anew counts from 0.
        const std::uint64_t cut = server.cut >= told ? server.cut - told : server.cut;
        cut_in_all += cut;
        if (cut > 0)
            text += fmt::format("; {} cut on {}", plural(cut, "session", "sessions"), server.name);
    }
    record.fields.push_back({"cut", fmt::format("{}", cut_in_all), true});
    const std::uint64_t released = backend.released - release.released_then;
    if (release.waiting > 0 || released > 0) {
        const auto ms = in_ms(now - release.began);
        text += fmt::format("; {} released in {} ms",
                            plural(released, "waiting client", "waiting clients"), ms);
        record.fields.push_back({"released_ms", fmt::format("{}", ms), true});
        if (backend.waiting > 0) text += fmt::format(", {} still wait", backend.waiting);
    }
    record.fields.push_back({"released", fmt::format("{}", released), true});
    record.text = std::move(text);
    return record;
}

}  // namespace pgsteer::router
