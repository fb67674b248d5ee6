// Channel: one connection of a check, plain or TLS, on which every wait has an end. Owned by the
// running probe; control thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "probe/ask.h"
#include "probe/net.h"

namespace pgsteer::probe {

class Channel {
  public:
    explicit Channel(boost::asio::any_io_executor executor);
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;

    // Connects, sends the PROXY header and shakes hands, as the destination says; what was open is
    // closed first.
    boost::asio::awaitable<std::optional<health::Failure>> open(const Destination& to,
                                                                const Target& target);

    enum class End { none, time, closed, error };
    struct Result {
        std::size_t size = 0;
        End end = End::none;
        std::string why;  // of an error
    };
    boost::asio::awaitable<Result> read(std::span<char> room, TimePoint deadline);
    boost::asio::awaitable<Result> write(std::string_view bytes, TimePoint deadline);

    bool speaks_tls() const { return tls_.has_value(); }
    Address peer() const;

  private:
    boost::asio::awaitable<std::optional<health::Failure>> shake_hands(const health::Peer& peer,
                                                                       const Target& target,
                                                                       TimePoint deadline);
    boost::asio::awaitable<std::optional<health::Failure>> announce(
        const Announcement& announcement, TimePoint deadline);

    Socket socket_;
    std::shared_ptr<boost::asio::ssl::context> context_;  // of tls_
    std::optional<boost::asio::ssl::stream<Socket&>> tls_;
    boost::asio::steady_timer timer_;
};

}  // namespace pgsteer::probe
