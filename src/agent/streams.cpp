#include "agent/streams.h"

#include <utility>

namespace pgsteer::agent {
namespace {

// Routers ask a handful of different questions; a stranger could ask endlessly many.
constexpr std::size_t most_checks = 64;

}  // namespace

Streams::Streams(boost::asio::any_io_executor executor, milliseconds interval, Know know)
    : interval_(interval), know_(std::move(know)), timer_(std::move(executor)) {}

http::Response Streams::open(const http::Request& check) {
    const std::string name = check.method + " " + check.path + "?" + check.query;
    auto found = watched_.find(name);
    if (found == watched_.end() && watched_.size() >= most_checks)
        return {503, "Service Unavailable", "text/plain", "too many checks are watched\n", {}, {}};
    if (found == watched_.end())
        found = watched_.emplace(name, Watched{check, std::make_shared<http::Broadcast>()}).first;
    // Who comes later gets this one, too: it is as good as any other.
    found->second.broadcast->publish(event(check, Clock::now()));
    http::Response response;
    response.content_type = "text/event-stream";
    response.stream = found->second.broadcast;
    if (!std::exchange(beats_, true)) beat();
    return response;
}

std::string Streams::event(const http::Request& check, TimePoint now) {
    return watch_event(know_(now), {interval_, now}, {++sequence_, heartbeat}, check);
}

void Streams::publish() {
    const TimePoint now = Clock::now();
    for (auto each = watched_.begin(); each != watched_.end();) {
        // Ours alone: no connection has it, not even one that is still sending the head.
        if (each->second.broadcast.use_count() == 1) {
            each = watched_.erase(each);
            continue;
        }
        each->second.broadcast->publish(event(each->second.check, now));
        ++each;
    }
}

void Streams::beat() {
    timer_.expires_after(heartbeat);
    timer_.async_wait([this, alive = std::weak_ptr(alive_)](const boost::system::error_code&) {
        if (alive.expired()) return;
        publish();
        beats_ = !watched_.empty();
        if (beats_) beat();
    });
}

}  // namespace pgsteer::agent
