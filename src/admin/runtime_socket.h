// RuntimeSocket: one `stats socket`: takes lines of commands from its clients, and answers them one
// after the other. Every client has a bound on time, on the length of a line and on how many there
// are. Owned by router/control; its thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>
#include <optional>

#include "accept/acceptor.h"
#include "admin/command.h"
#include "base/fd.h"

namespace pgsteer::admin {

struct RuntimeOptions {
    Level level = Level::operate;
    milliseconds timeout{10'000};
    std::size_t most_clients = 10;
    std::size_t most_line_bytes = 16'384;  // HAProxy's tune.bufsize
    bool exposes_listeners = false;        // `_getsocks` is answered
};

class RuntimeSocket {
  public:
    // `listener` is a bound, listening, non-blocking stream socket; `desk` outlives this.
    RuntimeSocket(boost::asio::any_io_executor executor, UniqueFd listener, RuntimeOptions options,
                  Desk& desk);
    // Without a listener of its own.
    RuntimeSocket(boost::asio::any_io_executor executor, RuntimeOptions options, Desk& desk);
    ~RuntimeSocket();  // closes every client
    // A client that came another way.
    void serve(UniqueFd client);
    // No new client; those whose command is under way end once it is answered, the others now.
    void leave();
    RuntimeSocket(const RuntimeSocket&) = delete;
    RuntimeSocket& operator=(const RuntimeSocket&) = delete;

  private:
    struct State;
    std::shared_ptr<State> state_;
    std::optional<accept::Acceptor> acceptor_;
};

}  // namespace pgsteer::admin
