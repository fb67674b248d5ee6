// The one small HTTP server of the control plane (agent, stats page, inetd): reads one bounded
// request a connection, answers, closes cleanly. Sockets come from accept/. One executor, no
// threads of its own.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "accept/acceptor.h"
#include "base/address.h"
#include "base/clock.h"
#include "base/fd.h"
#include "http/broadcast.h"

namespace pgsteer::tls {
class Incoming;
}

namespace pgsteer::http {

struct Request {
    std::string method;         // "GET", "HEAD", "OPTIONS", ...
    std::string path;           // "/status", without the query
    std::string query;          // after '?', may be empty
    std::string authorization;  // value of that header
    // The others, names in lower case, in their order.
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;     // "" unless the server takes bodies (most_body_bytes)
    Address source;       // the client's; AF_UNSPEC where the kernel does not tell
    Address destination;  // what it called; likewise
    bool silent = false;  // nothing came within the silence limit: path is "/", method "GET"

    // The first of that name (in lower case); null when there is none.
    const std::string* header(std::string_view name) const {
        for (const auto& [known, value] : headers)
            if (known == name) return &value;
        return nullptr;
    }
};

struct Response {
    int status = 200;
    std::string reason = "OK";
    std::string content_type = "text/plain";
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers;
    // Then the connection stays open, and what is published there follows the head (no body).
    std::shared_ptr<Broadcast> stream;
    std::uint64_t seen = 0;  // the version of it that the client has
};

struct ServerOptions {
    milliseconds silence_limit{1000};  // then the request is answered as if "GET /" had come
    bool answer_silence = false;       // false: a silent connection is closed after request_limit
    milliseconds request_limit{5000};  // from accept to complete request, and again to send
    std::size_t most_connections = 256;
    std::size_t most_request_bytes = 8192;
    std::size_t most_body_bytes = 0;  // 0: a request is its head, whatever follows
    std::shared_ptr<const tls::Incoming> tls = nullptr;  // null: in clear
};

// Must be quick and not throw: runs on the server's thread.
using Answer = std::function<Response(const Request&)>;

// Serves accepted sockets, whoever accepted them.
class Sockets {
  public:
    Sockets(boost::asio::any_io_executor executor, ServerOptions options, Answer answer);
    ~Sockets();  // closes every connection
    Sockets(const Sockets&) = delete;
    Sockets& operator=(const Sockets&) = delete;
    // `socket` is an accepted, non-blocking one; `slot` is freed with the connection.
    void serve(UniqueFd socket, accept::Acceptor::Slot slot);

  private:
    struct State;
    std::shared_ptr<State> state_;
};

class Server {
  public:
    // `listener` is a bound, listening, non-blocking stream socket.
    Server(boost::asio::any_io_executor executor, UniqueFd listener, ServerOptions options,
           Answer answer);
    std::size_t open_connections() const { return acceptor_.open(); }

  private:
    Sockets sockets_;
    accept::Acceptor acceptor_;
};

}  // namespace pgsteer::http
