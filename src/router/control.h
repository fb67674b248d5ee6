// Control: the control thread's story. Asks every node its question when it is due, publishes each
// new table, takes the workers' reports, shows the stats pages, and follows signals. Owns the
// cluster, the data plane and the pages; run() returns when the process is to end.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "admin/desk.h"
#include "admin/failovers.h"
#include "admin/page.h"
#include "admin/runtime_socket.h"
#include "admin/snapshot.h"
#include "config/config.h"
#include "health/cluster.h"
#include "http/server.h"
#include "relay/data_plane.h"
#include "router/link.h"
#include "router/listen.h"
#include "router/logs.h"
#include "router/names.h"
#include "router/picture.h"
#include "router/prepare.h"
#include "router/probes.h"
#include "router/sessions.h"

namespace pgsteer::router {

struct ControlParts {
    Source source;  // for reloads
    std::shared_ptr<const config::Config> config;
    std::unique_ptr<health::Cluster> cluster;
    std::unique_ptr<Names> names;  // of that cluster
    std::unique_ptr<relay::DataPlane> plane;
    Logs logs;
    Opened opened;  // its listeners are the plane's already
    admin::ProcessFacts facts;
    std::string manager;  // $NOTIFY_SOCKET
    UniqueFd master;      // the link to it, of its worker
    // What the system's files said of names, where they are out of reach (`chroot`).
    std::shared_ptr<const dns::SystemNames> system_names = {};
};

class Control {
  public:
    explicit Control(ControlParts parts);
    // The exit status: 0 after a signal, 1 when the control thread itself failed.
    int run();

  private:
    void start(Task task);

    void take_changes(const std::vector<health::Change>& changes);
    Task hurry_loop(routing::BackendId backend);
    // story.cpp: who is the primary, in one line each time that changes.
    BackendView view_of(routing::BackendId backend) const;
    struct Queue {
        routing::BackendId backend{};
        std::uint64_t waiting = 0, released = 0;
    };
    // Of the backends that changes are about, before workers hear of them.
    std::vector<Queue> queues_of(const std::vector<health::Change>& changes) const;
    void look_at(routing::BackendId backend, const Queue* before = nullptr);
    Task settle_loop(routing::BackendId backend);
    Task time_loop();

    Task report_loop();
    void take_report(const routing::Report& report);
    void tell_lost_reports();
    // At most once a second.
    void tell_handshake_failure(routing::ServerId server, const std::string& words);
    Task held_loop();

    void ask_name_again(const std::string& host);
    Task names_loop();
    Task resolve(NameQuery query);
    void take_moves(const std::vector<health::Change>& changes);

    Task signal_loop();
    void begin_soft_stop();
    Task soft_stop();

    // reload.cpp. Answers what is wrong with the files; nothing when they are in force now.
    boost::asio::awaitable<std::vector<std::string>> reload();
    Task reload_by_signal();
    std::vector<std::string> take_over(const Prepared& next);
    void tell_reload(const health::Reloaded& reloaded);
    Task end_removed(std::vector<routing::ServerId> servers, milliseconds limit);

    void publish();
    // admin_side.cpp: what people and tools see and change.
    struct OpenPage {
        Socket socket;
        std::string frontend;
        std::shared_ptr<const tls::Incoming> tls;  // null: in clear
        std::unique_ptr<http::Server> server;
    };
    struct OpenStats {
        StatsSocket of;
        std::unique_ptr<admin::RuntimeSocket> server;
    };
    // `stats timeout`, `stats maxconn`
    struct StatsLimits {
        milliseconds timeout{0};
        std::uint32_t most_clients = 0;
        friend bool operator==(const StatsLimits&, const StatsLimits&) = default;
    };
    void show(const config::Config& before, Opened& opened);
    void make_pages();
    void open_pages(std::vector<Page> pages);
    void open_stats_sockets(std::vector<StatsSocket> sockets);
    void hand_over(int socket);
    // under_master.cpp
    void greet_master();
    Task master_loop();
    void serve_master_client(const LinkMessage& message);
    admin::Desk make_desk();
    admin::Snapshot snapshot();
    http::Response answer_page(const std::string& frontend, const http::Request& request);
    Task rate_loop();

    boost::asio::io_context io_{1};
    const Source source_;
    std::shared_ptr<const config::Config> config_;
    std::unique_ptr<health::Cluster> cluster_;
    std::unique_ptr<Names> names_;
    std::shared_ptr<const dns::SystemNames> system_names_;
    std::shared_ptr<const routing::RoutingTable> table_;  // the newest that was published
    std::unique_ptr<relay::DataPlane> plane_;
    Logs logs_;
    Picture picture_;
    admin::ProcessFacts facts_;
    admin::Events events_;
    admin::Failovers failovers_;
    boost::asio::signal_set signals_;
    boost::asio::posix::stream_descriptor reports_;
    boost::asio::steady_timer next_change_;
    boost::asio::steady_timer next_name_;
    Probes probes_;
    std::vector<bool> hurrying_;                                 // by BackendId
    std::map<std::string, std::unique_ptr<admin::Page>> shown_;  // by section of mode http
    std::vector<std::unique_ptr<OpenPage>> pages_;               // their listeners
    Sessions sessions_;
    admin::Desk desk_;
    std::vector<OpenStats> stats_sockets_;
    StatsLimits stats_limits_;
    std::vector<HeldSocket> sockets_;  // all that listen, for the next configuration or process
    std::vector<OwnedPath> paths_;
    const std::string manager_;
    const UniqueFd master_;
    boost::asio::posix::stream_descriptor master_events_;
    std::vector<std::unique_ptr<admin::RuntimeSocket>> master_clients_;  // one for each level
    TimePoint accept_warning_ = TimePoint::min();
    TimePoint handshake_warning_ = TimePoint::min();
    std::uint64_t lost_told_ = 0;
    bool handed_over_ = false;  // another process has the sockets, too
    bool stopping_softly_ = false;
    bool reloading_ = false;
    bool reload_again_ = false;
    int status_ = 0;
};

}  // namespace pgsteer::router
