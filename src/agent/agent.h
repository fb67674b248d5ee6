// Agent: the status answerer of a database node, a role watcher and the HTTP servers that say what
// it knows. Owned by `pgsteer agent`; its executor's thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>
#include <string>
#include <vector>

#include "agent/data_watch.h"
#include "agent/streams.h"
#include "base/fd.h"
#include "base/result.h"
#include "http/server.h"
#include "probe/role.h"

namespace pgsteer::agent {

struct AgentOptions {
    probe::WatchOptions watch;
    // Empty: the one PostgreSQL names, when it runs here and its user may see it.
    std::string data_directory;
};

class Agent {
  public:
    // `listeners` are bound, listening and non-blocking.
    Agent(const boost::asio::any_io_executor& executor, AgentOptions options,
          std::vector<UniqueFd> listeners);
    // For a server that is not this agent's own (pgsteer inetd); not to be called after the agent.
    http::Answer answerer();

  private:
    http::Response answer_now(const http::Request& request);
    void take_change(const probe::RoleState& state);
    void watch_data(const std::string& directory);

    boost::asio::any_io_executor executor_;
    milliseconds interval_;
    bool any_told_ = false;
    health::Role told_ = health::Role::unknown;  // the role that was logged last
    std::unique_ptr<DataWatch> data_watch_;
    Streams streams_;
    probe::RoleWatcher watcher_;
    std::vector<std::unique_ptr<http::Server>> servers_;
};

// A listening socket on "HOST:PORT", "*:PORT", ":PORT" or "[IPV6]:PORT". Blocks on names. Errors
// name the address.
Result<UniqueFd> listen_on(const std::string& text);

}  // namespace pgsteer::agent
