#include "agent/agent.h"

#include <utility>

#include "agent/answers.h"
#include "base/log.h"

namespace pgsteer::agent {
namespace {

using health::Role;

// A thousand routers that watch, each with a check under way, and people.
constexpr std::size_t most_connections = 2048;
// So long PostgreSQL is asked urgently after its files changed, or somebody said it is needed. A
// promotion takes less than a second from the one to the other unless much is left to replay.
constexpr seconds urgent_time{10};
// From the removal of standby.signal to the first write; PostgreSQL has little left to do by then.
constexpr seconds promotion_time{1};

void log_role(const health::NodeState& node) {
    if (node.role == Role::unknown)
        log::warning("role is unknown: {}", node.reason);
    else
        log::notice("role is {}{}", word(node.role),
                    node.timeline
                        ? fmt::format(", timeline {}", static_cast<std::uint32_t>(*node.timeline))
                        : "");
}

probe::WatchOptions watch_options(AgentOptions& options) {
    options.watch.find_data_directory = options.data_directory.empty();
    return std::move(options.watch);
}

}  // namespace

Agent::Agent(const boost::asio::any_io_executor& executor, AgentOptions options,
             std::vector<UniqueFd> listeners)
    : executor_(executor),
      interval_(options.watch.interval),
      streams_(executor, interval_, [this](TimePoint now) { return watcher_.state(now); }),
      watcher_(executor, watch_options(options),
               [this](const probe::RoleState& state) { take_change(state); }) {
    http::ServerOptions http_options;
    http_options.answer_silence = true;
    http_options.most_connections = most_connections;
    for (UniqueFd& listener : listeners)
        servers_.push_back(std::make_unique<http::Server>(
            executor, std::move(listener), http_options,
            [this](const http::Request& request) { return answer_now(request); }));
    if (!options.data_directory.empty()) watch_data(options.data_directory);
}

http::Answer Agent::answerer() {
    return [this](const http::Request& request) { return answer_now(request); };
}

http::Response Agent::answer_now(const http::Request& request) {
    const TimePoint now = Clock::now();
    if (const auto check = watched_check(request)) return streams_.open(*check);
    // A router without a primary says so: asking more often costs little and is bounded.
    if (request.query == "hurry") watcher_.hurry(after(now, urgent_time));
    return answer(watcher_.state(now), Facts{interval_, now}, request);
}

void Agent::take_change(const probe::RoleState& state) {
    // A server that stays away fails for changing reasons; that is worth one line.
    if (!std::exchange(any_told_, true) || state.node.role != told_) log_role(state.node);
    told_ = state.node.role;
    if (!state.data_directory.empty() && !data_watch_) watch_data(state.data_directory);
    streams_.publish();
}

void Agent::watch_data(const std::string& directory) {
    data_watch_ = std::make_unique<DataWatch>(executor_, directory, [this](DataChange change) {
        const TimePoint now = Clock::now();
        watcher_.hurry(after(now, urgent_time));
        if (change == DataChange::recovery_ends)
            watcher_.expect_promotion(after(now, promotion_time));
    });
}

}  // namespace pgsteer::agent
