// Connection: one accepted socket from its request to its clean close. Lives in the frame of the
// coroutine that runs it; the server closes it early through close(). The server's thread.
#pragma once

#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>

#include "http/server.h"

namespace pgsteer::http {

class Connection {
  public:
    using Socket = boost::asio::generic::stream_protocol::socket;

    // `options` and `answer` must outlive the connection.
    Connection(Socket socket, const ServerOptions& options, const Answer& answer);

    // Returns when the connection is over; failures of the peer are nobody's business.
    boost::asio::awaitable<void> run();
    // Whatever is under way ends at once.
    void close();

  private:
    enum class Event { data, end, timeout, failure };

    boost::asio::awaitable<bool> shake_hands();
    boost::asio::awaitable<void> say_end();

    boost::asio::awaitable<std::optional<Response>> take_request();
    std::optional<Response> answer_silent_client() const;
    Response answer_request(const Request& request) const;
    boost::asio::awaitable<bool> send(std::string_view text);
    boost::asio::awaitable<void> send_stream(const Response& head);
    boost::asio::awaitable<void> drain();
    // Bytes, or the timer.
    using Done = std::variant<std::tuple<boost::system::error_code, std::size_t>,
                              std::tuple<boost::system::error_code>>;
    boost::asio::awaitable<Event> receive(TimePoint deadline);
    Event event_of(const Done& done);

    Socket socket_;
    std::shared_ptr<boost::asio::ssl::context> context_;  // of tls_
    std::optional<boost::asio::ssl::stream<Socket&>> tls_;
    boost::asio::steady_timer timer_;
    const ServerOptions& options_;
    const Answer& answer_;
    bool head_only_ = false;
    std::size_t chunk_size_ = 0;  // of what receive() brought
    std::array<char, 2048> chunk_;
};

}  // namespace pgsteer::http
