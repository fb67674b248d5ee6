// The one small HTTP server of the control plane (agent, stats page): accepts on a socket it is
// given, reads one bounded request a connection, answers, closes cleanly. One executor, no threads
// of its own.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "http/broadcast.h"

namespace pgsteer::http {

struct Request {
    std::string method;         // "GET", "HEAD", "OPTIONS", ...
    std::string path;           // "/status", without the query
    std::string query;          // after '?', may be empty
    std::string authorization;  // value of that header
    bool silent = false;        // nothing came within the silence limit: path is "/", method "GET"
};

struct Response {
    int status = 200;
    std::string reason = "OK";
    std::string content_type = "text/plain";
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers;
    // Then the connection stays open, and what is published there follows the head (no body).
    std::shared_ptr<Broadcast> stream;
};

struct ServerOptions {
    milliseconds silence_limit{1000};  // then the request is answered as if "GET /" had come
    bool answer_silence = false;       // false: a silent connection is closed after request_limit
    milliseconds request_limit{5000};  // from accept to complete request, and again to send
    std::size_t most_connections = 256;
    std::size_t most_request_bytes = 8192;
};

// Must be quick and not throw: runs on the server's thread.
using Answer = std::function<Response(const Request&)>;

class Server {
  public:
    // `listener` is a bound, listening, non-blocking stream socket.
    Server(boost::asio::any_io_executor executor, UniqueFd listener, ServerOptions options,
           Answer answer);
    ~Server();  // closes the listener and every connection
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    std::size_t open_connections() const;

  private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace pgsteer::http
