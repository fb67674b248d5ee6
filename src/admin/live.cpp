#include "admin/live.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "admin/html.h"

namespace pgsteer::admin {
namespace {

constexpr long most_streams = 32;  // for one page and kind of viewer
// How often numbers are looked at, and how soon after the last look a change is shown. Both grow
// with the page, so that rendering stays below a hundredth of the thread's time.
constexpr milliseconds pause_a_part{10};
constexpr milliseconds shortest_pause{1000};
constexpr milliseconds longest_pause{10'000};
constexpr std::int64_t change_share = 10;  // of the pause

milliseconds pause_of(std::size_t parts) {
    return std::clamp(pause_a_part * static_cast<std::int64_t>(parts), shortest_pause,
                      longest_pause);
}

// Versions of a process that was started later are above those of all before: a page that was open
// meanwhile gets everything.
std::uint64_t first_version() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(std::chrono::duration_cast<milliseconds>(now).count());
}

}  // namespace

Live::Live(boost::asio::any_io_executor executor, Render render)
    : render_(std::move(render)),
      version_(first_version()),
      timer_(executor),
      stream_(std::make_shared<http::Broadcast>(
          [this, alive = std::weak_ptr(alive_)](std::uint64_t seen) {
              return alive.expired() ? nullptr : since(seen);
          })) {
    stream_->announce(version_);
}

std::uint64_t Live::take(const Pieces& pieces, TimePoint now) {
    last_ = now;
    std::vector<Part> parts;
    parts.reserve(parts_.size());
    const std::uint64_t next = version_ + 1;
    bool changed = false;
    for (const Piece& piece : pieces) {
        if (piece.id.empty()) continue;
        const std::size_t at = parts.size();
        const Part* const before =
            at < parts_.size() && parts_[at].id == piece.id ? &parts_[at] : nullptr;
        const bool same = before != nullptr && before->html == piece.html;
        if (before == nullptr) shape_version_ = next;
        changed = changed || !same;
        parts.push_back({piece.id, piece.html, same ? before->version : next});
    }
    if (parts.size() != parts_.size()) {
        shape_version_ = next;
        changed = true;
    }
    parts_ = std::move(parts);
    if (changed) version_ = next;
    return version_;
}

http::Response Live::open(std::uint64_t seen) {
    http::Response response;
    if (stream_.use_count() > most_streams) {
        response.status = 503;
        response.reason = "Service Unavailable";
        response.headers.emplace_back("Retry-After", "10");
        response.body = "Too many look at this page already.\n";
        return response;
    }
    response.content_type = "text/event-stream";
    response.stream = stream_;
    response.seen = seen;
    if (!waiting_) look_at(Clock::now() + pause_of(parts_.size()));
    return response;
}

void Live::changed() {
    if (!anybody_looks()) return;
    const TimePoint soon =
        std::max(Clock::now(), after(last_, pause_of(parts_.size()) / change_share));
    if (!waiting_ || timer_.expiry() > soon) look_at(soon);
}

void Live::look_at(TimePoint when) {
    waiting_ = true;
    timer_.expires_at(when);
    timer_.async_wait(
        [this, alive = std::weak_ptr(alive_)](const boost::system::error_code& cancelled) {
            if (!cancelled && !alive.expired()) look();
        });
}

void Live::look() {
    waiting_ = false;
    if (!anybody_looks()) return;
    const TimePoint now = Clock::now();
    // Also when nothing changed: who is gone is noticed by sending, and ages go on.
    take(render_(), now);
    stream_->announce(++version_);
    look_at(after(now, pause_of(parts_.size())));
}

std::shared_ptr<const std::string> Live::since(std::uint64_t seen) const {
    const double now = std::chrono::duration<double>(Clock::now().time_since_epoch()).count();
    std::string text;
    if (shape_version_ > seen) {
        text = fmt::format("id: {}\nevent: shape\ndata: {:.3f}\n\n", version_, now);
    } else {
        text = fmt::format("id: {}\nevent: parts\ndata: {:.3f}\n", version_, now);
        for (const Part& part : parts_)
            if (part.version > seen)
                text += "data: " + complete(part.html, Clock::now(), Ages::bare) + "\n";
        text += "\n";
    }
    return std::make_shared<const std::string>(std::move(text));
}

}  // namespace pgsteer::admin
