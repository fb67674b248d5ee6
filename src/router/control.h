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

#include "admin/snapshot.h"
#include "config/config.h"
#include "health/cluster.h"
#include "http/server.h"
#include "relay/data_plane.h"

namespace pgsteer::router {

struct Page {
    UniqueFd listener;
    config::StatsPage page;
};

struct ControlParts {
    const config::Config& config;  // outlives Control
    std::unique_ptr<health::Cluster> cluster;
    std::unique_ptr<relay::DataPlane> plane;
    std::vector<Page> pages;
    admin::ProcessFacts facts;
};

class Control {
  public:
    explicit Control(ControlParts parts);
    void run();

  private:
    boost::asio::awaitable<void> probe_loop(health::QuestionId question);
    boost::asio::awaitable<void> report_loop();
    boost::asio::awaitable<void> signal_loop();
    boost::asio::awaitable<void> soft_stop();
    boost::asio::awaitable<void> resolve_server(routing::ServerId server);
    boost::asio::awaitable<std::vector<Address>> check_addresses(const health::Question& question);
    void take_report(const routing::Report& report);
    void publish();
    void open_pages(std::vector<Page> pages);

    boost::asio::io_context io_;
    const config::Config& config_;
    std::unique_ptr<health::Cluster> cluster_;
    std::shared_ptr<const routing::RoutingTable> table_;
    std::unique_ptr<relay::DataPlane> plane_;
    admin::ProcessFacts facts_;
    boost::asio::signal_set signals_;
    boost::asio::posix::stream_descriptor reports_;
    std::vector<std::unique_ptr<boost::asio::steady_timer>> due_;  // by QuestionId
    std::map<routing::ServerId, TimePoint> resolved_;  // last time a name was asked again
    std::vector<std::unique_ptr<http::Server>> pages_;
    TimePoint accept_warning_ = TimePoint::min();
    std::uint64_t lost_told_ = 0;
};

}  // namespace pgsteer::router
