// Sessions: asks the workers about their sessions, a page at a time, for the runtime API. Owned by
// router/control; control thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <optional>
#include <vector>

#include "relay/data_plane.h"
#include "routing/session_line.h"

namespace pgsteer::router {

class Sessions {
  public:
    Sessions(boost::asio::io_context& io, relay::DataPlane& plane, std::size_t workers);

    boost::asio::awaitable<std::vector<routing::SessionLine>> list();
    // Was there such a session?
    boost::asio::awaitable<bool> end(routing::SessionId session);
    // Workers may have answered.
    void look();

  private:
    struct Turn;
    boost::asio::awaitable<std::optional<routing::SessionsFound>> ask(std::size_t worker,
                                                                      routing::SessionsAsked asked);

    relay::DataPlane& plane_;
    const std::size_t workers_;
    bool busy_ = false;  // one question at a time
    boost::asio::steady_timer free_;
    boost::asio::steady_timer answered_;
};

}  // namespace pgsteer::router
