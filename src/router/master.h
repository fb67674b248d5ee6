// Master: the process above the router (`-W`, `-Ws`). It relays nothing: it starts a worker, keeps
// its listening sockets open, and at a signal executes its binary anew and starts the next worker
// on them; the one before finishes its sessions. A worker that does not come up changes nothing.
// Single-threaded; run() returns when all workers have ended.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <memory>
#include <string>
#include <vector>

#include "base/fd.h"
#include "router/inherited.h"

namespace pgsteer::router {

struct MasterParts {
    std::string program;                 // absolute path
    std::vector<std::string> arguments;  // after it
    std::string folder;                  // where it was started
    std::vector<std::string> cli;        // each of -S: ADDRESS[,OPTION...]
    // None: the files are broken; those that the master before went by stand.
    std::optional<MasterRules> rules;
    std::string manager;  // $NOTIFY_SOCKET
    std::string version;
    std::string inherited;          // of the master before: its record ...
    std::string inherited_sockets;  // ... and its workers' sockets
};

class MasterCli;

class Master {
  public:
    explicit Master(MasterParts parts);
    ~Master();
    // The exit status: 0 when it was asked to end, a worker's when that failed.
    int run();

    // For its CLI.
    struct Worker {
        WorkerRecord record;
        UniqueFd link;  // as record.link
        bool is_ready = false;
    };
    const MasterRecord& record() const { return record_; }
    const std::vector<std::unique_ptr<Worker>>& workers() const { return workers_; }
    bool last_reload_failed() const { return record_.failed > 0; }
    const std::string& version() const { return parts_.version; }
    // Executes the binary anew; comes back only when that failed.
    void reload();

  private:
    bool begin();  // false: there is nothing to go on with
    void start_worker();
    void became_ready(Worker& worker, int sockets);
    void dismiss(const Worker& but);
    boost::asio::awaitable<void> hear_worker(pid_t pid);
    std::vector<std::unique_ptr<Worker>>::iterator find_worker(pid_t pid);
    boost::asio::awaitable<void> signal_loop();
    void reap();
    void take_end(const Worker& worker, int status);
    void signal_all(int signal) const;
    void end(int status);
    void let_sockets_go();
    std::vector<std::string> environment() const;

    boost::asio::io_context io_{1};
    const MasterParts parts_;
    MasterRecord record_;
    std::vector<HeldSocket> sockets_;
    std::vector<std::unique_ptr<Worker>> workers_;
    boost::asio::signal_set signals_;
    std::unique_ptr<MasterCli> cli_;
    bool ending_ = false;
    int status_ = 0;
};

}  // namespace pgsteer::router
