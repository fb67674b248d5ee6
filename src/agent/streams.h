// Streams: what routers that watch this agent are sent. One text for all that ask the same, made
// when the node changes and at each heartbeat. Owned by Agent; its executor's thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "agent/answers.h"
#include "http/server.h"
#include "probe/role.h"

namespace pgsteer::agent {

// A router that hears nothing for three of them goes back to asking. Short enough to notice a
// silent agent in less than a second, long enough to cost nothing (four small writes a second).
inline constexpr milliseconds heartbeat{250};

class Streams {
  public:
    using Know = std::function<probe::RoleState(TimePoint now)>;

    // `interval` is the watcher's; `know` says what it knows.
    Streams(boost::asio::any_io_executor executor, milliseconds interval, Know know);
    Streams(const Streams&) = delete;
    Streams& operator=(const Streams&) = delete;

    // The answer to a router that wants to watch this check: an open stream, or 503 when too many
    // different checks are watched.
    http::Response open(const http::Request& check);
    // To everybody, now.
    void publish();

  private:
    struct Watched {
        http::Request check;
        std::shared_ptr<http::Broadcast> broadcast;
    };
    void beat();  // as long as somebody watches: an agent that nobody asks sleeps
    std::string event(const http::Request& check, TimePoint now);

    milliseconds interval_;
    Know know_;
    boost::asio::steady_timer timer_;
    bool beats_ = false;
    std::uint64_t sequence_ = 0;
    std::map<std::string, Watched> watched_;  // by check, as text
    // A timer that has run out already cannot be cancelled: its call finds this gone.
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace pgsteer::agent
