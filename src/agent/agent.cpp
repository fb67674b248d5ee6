#include "agent/agent.h"

#include <utility>

#include "agent/answers.h"
#include "base/log.h"

namespace pgsteer::agent {
namespace {

using health::Role;

// A node has a handful of routers, each with one check under way; the rest is for people and
// storms.
constexpr std::size_t most_connections = 1024;

void log_role(const probe::RoleState& state) {
    if (state.role == Role::unknown)
        log::warning("role is unknown: {}", state.reason);
    else
        log::notice("role is {}{}", state.role == Role::primary ? "primary" : "standby",
                    state.timeline ? fmt::format(", timeline {}", *state.timeline) : "");
}

}  // namespace

Agent::Agent(boost::asio::any_io_executor executor, probe::WatchOptions watch,
             std::vector<UniqueFd> listeners)
    : interval_(watch.interval),
      watcher_(executor, std::move(watch), [this, first = true](const auto& state) mutable {
          // A server that stays away fails for changing reasons; that is worth one line.
          if (std::exchange(first, false) || state.role != told_) log_role(state);
          told_ = state.role;
      }) {
    http::ServerOptions options;
    options.answer_silence = true;
    options.most_connections = most_connections;
    for (UniqueFd& listener : listeners)
        servers_.push_back(std::make_unique<http::Server>(
            executor, std::move(listener), options,
            [this](const http::Request& request) { return answer_now(request); }));
}

http::Response Agent::answer_now(const http::Request& request) const {
    const TimePoint now = Clock::now();
    return answer(watcher_.state(now), Facts{interval_, now}, request);
}

}  // namespace pgsteer::agent
