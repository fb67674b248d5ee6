// Door: does a PostgreSQL server still answer new connections? Asks with an SSLRequest and reads
// the one byte of its answer: a process of the server's, no login, and no line in its log
// (PostgreSQL says nothing of a client that leaves then, ProcessStartupPacket in postmaster.c,
// unless log_connections is on). Owned by a role watcher, or by who wants a second witness; its
// executor's thread only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <optional>

#include "base/address.h"
#include "base/clock.h"
#include "base/outbound.h"

namespace pgsteer::probe {

class Door {
  public:
    enum class Answer {
        some,     // a byte came
        none,     // nothing came in time
        refused,  // no connection, or it closed: what that means is for the watcher's own
                  // connection
        unasked,  // no address, or no descriptor left: nothing is known
    };

    explicit Door(boost::asio::any_io_executor executor);
    // Where to knock; nothing: nowhere.
    void is_at(std::optional<Address> address, Origin origin = {}) {
        address_ = std::move(address);
        origin_ = std::move(origin);
    }
    boost::asio::awaitable<Answer> knock(milliseconds timeout);
    boost::asio::awaitable<void> pause(milliseconds span);
    // Whatever is under way ends at once.
    void stop();

  private:
    boost::asio::steady_timer timer_;
    boost::asio::generic::stream_protocol::socket socket_;
    std::optional<Address> address_;
    Origin origin_;
    std::uint32_t turn_ = 0;  // of its ports
    bool stopped_ = false;
};

}  // namespace pgsteer::probe
