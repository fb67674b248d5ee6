// One running service: its listener, its rules, the servers it has started. Owned by the Server;
// what is under way holds the State and finds it stopped. Control thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <memory>
#include <string>

#include "accept/acceptor.h"
#include "base/fd.h"
#include "base/result.h"
#include "config/xinetd.h"
#include "http/server.h"

namespace pgsteer::inetd {

// What all services share; outlives them.
struct Common {
    std::size_t processes = 0;       // servers that run now
    std::size_t most_processes = 0;  // 0: no limit (-limit)
    std::size_t most_open = 2048;    // connections of one service, as many as fit beside others
    std::vector<std::string> environment;  // ours, NAME=VALUE
    // Answers of `pgsteer_answer`; who makes them is not this folder's business.
    std::function<Result<http::Answer>(const config::InetService& service)> make_answer;
};

class Service {
  public:
    struct State;

    Service(boost::asio::any_io_executor executor, Common& common, config::InetService service);
    ~Service();  // stops listening; servers get SIGTERM
    Service(Service&&) = default;
    Service& operator=(Service&&) = delete;

    const config::InetService& config() const;
    // Listens, on `given` when systemd or an earlier Service has the socket. Errors: the address.
    Result<void> listen(UniqueFd given);
    // The listening socket, to go on with.
    UniqueFd listener_copy() const;
    // Takes the new file's word: rules count for servers that run, too, as xinetd does it.
    Result<void> reconfigure(config::InetService service);
    std::string dump() const;

  private:
    std::shared_ptr<State> state_;
};

// A listening socket as the service wants it.
Result<UniqueFd> open_listener(const config::InetService& service);

}  // namespace pgsteer::inetd
