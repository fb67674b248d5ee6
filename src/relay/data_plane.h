// DataPlane: the worker threads. Made and owned by router/control, which publishes tables down and
// drains reports up; all functions are called on the control thread.
#pragma once

#include <sys/socket.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "routing/report.h"
#include "routing/session_line.h"
#include "routing/table.h"

namespace pgsteer::tls {
class Incoming;
}

namespace pgsteer::relay {

// A bound, listening, non-blocking socket and what becomes of its clients. TCP: one of `workers`
// SO_REUSEPORT sockets, given to one worker. Shared (unix, fd@N): every worker accepts from it.
// Immutable: a reload makes new ones, with the same sockets where addresses stay, so that nobody
// who calls meanwhile is refused.
struct Listener {
    std::shared_ptr<const UniqueFd> socket;  // closed by the last who lets it go
    routing::FrontendId frontend{};
    bool shared = false;
    bool accept_proxy = false;                 // clients begin with a PROXY header
    std::shared_ptr<const tls::Incoming> tls;  // clients speak TLS; null: they do not
    std::uint32_t id = 0;                      // for rules: so_id, so_name
    std::string name;
    std::shared_ptr<routing::Shared> counted;  // `option socket-stats`: of all workers' sockets
    int backlog = SOMAXCONN;                   // when it listens anew after `disable frontend`
    std::size_t worker = 0;                    // who accepts, when not shared
};

// All there are; published whole, as the table is.
using Listeners = std::vector<std::shared_ptr<const Listener>>;

struct DataPlaneOptions {
    std::size_t workers = 1;  // 1..most_workers
    Listeners listeners;
};

// What becomes of listening sockets that are let go.
enum class Leaving : std::uint8_t {
    refusing,     // clients are refused from now on
    handed_over,  // another process goes on with them
};

class DataPlane {
  public:
    static Result<std::unique_ptr<DataPlane>> start(
        DataPlaneOptions options, std::shared_ptr<const routing::RoutingTable> first);
    ~DataPlane();  // stops
    DataPlane(const DataPlane&) = delete;
    DataPlane& operator=(const DataPlane&) = delete;

    void publish(std::shared_ptr<const routing::RoutingTable> table);
    // With a table that their frontends are in. Sockets that are in none of them are let go.
    void publish(std::shared_ptr<const routing::RoutingTable> table, Listeners listeners);
    // Readable (an eventfd) when reports may wait; drain() clears it.
    int report_fd() const;
    void drain(const std::function<void(const routing::Report&)>& take);
    // Session lines that found the queue full since start.
    std::uint64_t lost_reports() const;
    // A question about sessions, answered by that worker; the report descriptor tells when.
    void ask(std::size_t worker, const routing::SessionsAsked& asked);
    std::optional<routing::SessionsFound> found(std::size_t worker);
    // Lets all listeners go; sessions go on. For a soft stop.
    void stop_accepting(Leaving how);
    // False when every worker has let its listeners go: no session comes any more.
    bool accepting() const;
    // Ends every session and joins the threads; what they reported last can still be drained.
    void stop();

  private:
    struct State;
    explicit DataPlane(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace pgsteer::relay
