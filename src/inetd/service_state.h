// The inside of a Service, for the files that make it up: what is under way shares it.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "inetd/limits.h"
#include "inetd/service.h"
#include "inetd/service_log.h"
#include "inetd/spawn.h"

namespace pgsteer::inetd {

using Slot = accept::Acceptor::Slot;

// A client that was accepted and may use the service.
struct Client {
    UniqueFd socket;
    Slot slot;
    Address peer;
};

struct Service::State {
    State(boost::asio::any_io_executor its_executor, Common& its_common,
          config::InetService its_service);

    boost::asio::any_io_executor executor;
    Common* common;
    config::InetService service;
    Program program;
    ServiceLog log;
    Rate rate;
    std::optional<accept::Acceptor> acceptor;
    std::unique_ptr<http::Sockets> sockets;  // pgsteer_answer
    boost::asio::steady_timer pause;         // cps
    bool off = false;                        // by cps
    bool stopping = false;

    // Everything that counts as a server: children, redirects, internal services. By number.
    struct Run {
        Address peer;
        pid_t pid = 0;  // 0: none of its own
        TimePoint started;
    };
    std::map<std::uint64_t, Run> runs;
    std::uint64_t next_run = 1;

    // pgsteer_share: the run that is under way, and the last answer.
    bool sharing = false;
    TimePoint share_started;
    std::shared_ptr<const std::string> shared_answer;
    std::vector<Client> sharers;
};

using StatePtr = std::shared_ptr<Service::State>;

// Counts as a server from here to its destructor.
class Counted {
  public:
    Counted(StatePtr state, const Address& peer, pid_t pid);
    ~Counted();
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;

  private:
    StatePtr state_;
    std::uint64_t number_;
};

void take(const StatePtr& state, UniqueFd socket, Slot slot);
Result<void> start_listening(const StatePtr& state, UniqueFd listener);

// The ways to serve a client; each returns at once.
void run_child(const StatePtr& state, Client client);
void run_shared(const StatePtr& state, Client client);
void run_redirect(const StatePtr& state, Client client);
void run_builtin(const StatePtr& state, Client client);

// Ends a child and all of its process group.
void end_group(pid_t pid, int signal);
// Waits for the child's end, until `deadline`; then ends its group. Logs EXIT. True: it ended by
// itself.
boost::asio::awaitable<bool> wait_for(StatePtr state, Child child, TimePoint deadline);
// Sends all of it within a bound, then ends our side and reads what the client still sends for a
// moment, so that no reset overtakes the answer.
boost::asio::awaitable<void> deliver(boost::asio::any_io_executor executor, Client client,
                                     std::shared_ptr<const std::string> answer);
void set_blocking(int fd, bool blocking);
// Has the client got no byte yet, whoever holds the socket?
bool nothing_was_sent(int fd);

// What a client gets whose server was ended by pgsteer_timeout.
std::shared_ptr<const std::string> timeout_answer();

}  // namespace pgsteer::inetd
