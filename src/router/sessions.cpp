#include "router/sessions.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/clock.h"

namespace asio = boost::asio;

namespace pgsteer::router {
namespace {

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);
// A worker answers at the next turn of its loop; one that does not is in trouble.
constexpr seconds longest_answer{2};
// Lists beyond this are cut short: a terminal has no use for more, and memory has an end.
constexpr std::size_t most_listed = 100'000;

}  // namespace

Sessions::Sessions(asio::io_context& io, relay::DataPlane& plane, std::size_t workers)
    : plane_(plane), workers_(workers), free_(io), answered_(io) {}

void Sessions::look() {
    answered_.cancel();
}

struct Sessions::Turn {
    Sessions& sessions;
    explicit Turn(Sessions& its) : sessions(its) { sessions.busy_ = true; }
    ~Turn() {
        sessions.busy_ = false;
        sessions.free_.cancel();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
};

asio::awaitable<std::optional<routing::SessionsFound>> Sessions::ask(std::size_t worker,
                                                                     routing::SessionsAsked asked) {
    while (busy_) {
        free_.expires_at(never);
        co_await free_.async_wait(quietly);
    }
    const Turn turn(*this);
    // An answer that came too late is not the answer to this.
    (void)plane_.found(worker);
    plane_.ask(worker, asked);
    const TimePoint deadline = after(Clock::now(), longest_answer);
    for (;;) {
        if (auto found = plane_.found(worker)) co_return found;
        if (Clock::now() >= deadline) co_return std::nullopt;
        answered_.expires_at(deadline);
        co_await answered_.async_wait(quietly);
    }
}

asio::awaitable<std::vector<routing::SessionLine>> Sessions::list() {
    std::vector<routing::SessionLine> lines;
    for (std::size_t worker = 0; worker < workers_; ++worker) {
        std::optional<std::uint32_t> from = 0;
        while (from && lines.size() < most_listed) {
            auto found = co_await ask(worker, {*from, std::nullopt});
            if (!found) break;
            lines.insert(lines.end(), found->lines.begin(), found->lines.end());
            from = found->next;
        }
    }
    co_return lines;
}

asio::awaitable<bool> Sessions::end(routing::SessionId session) {
    const auto worker = static_cast<std::size_t>(static_cast<std::uint64_t>(session) >> 56);
    if (worker >= workers_) co_return false;
    const auto found = co_await ask(worker, {0, session});
    co_return found && found->ended;
}

}  // namespace pgsteer::router
