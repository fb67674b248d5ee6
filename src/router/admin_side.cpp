// The side of Control that people and tools see: pages, metrics, stats sockets, and what they may
// change.
#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "admin/page.h"
#include "router/control.h"

namespace asio = boost::asio;

namespace pgsteer::router {
namespace {

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);

}  // namespace

admin::Snapshot Control::snapshot() {
    facts_.lost_reports = plane_->lost_reports() + log::lost_lines();
    facts_.stopping = stopping_softly_;
    const TimePoint now = Clock::now();
    return admin::take_snapshot(*table_, *cluster_, facts_, now);
}

admin::Desk Control::make_desk() {
    return {config_,
            *cluster_,
            events_,
            [this] { return snapshot(); },
            [this]() -> const routing::RoutingTable& { return *table_; },
            [this](const std::vector<health::Change>& changes) {
                take_changes(changes);
                probes_.follow_questions();
            },
            [this] { return sessions_.list(); },
            [this](routing::SessionId id) { return sessions_.end(id); },
            [this](routing::ServerId id) {
                const auto changes = names_->follow(id, Clock::now());
                probes_.follow_questions();
                take_moves(changes);
                next_name_.cancel();
                publish();
            },
            [this](bool all) {
                for (const admin::CountedListener& listener : facts_.counted)
                    listener.shared->clear(all);
            }};
}

void Control::open_pages(std::vector<Page> pages) {
    const auto& frontends = config_.frontends;
    const auto is_page = [](const config::Frontend& frontend) {
        return frontend.mode == config::Frontend::Mode::http;
    };
    facts_.pages.resize(
        static_cast<std::size_t>(std::count_if(frontends.begin(), frontends.end(), is_page)));
    for (Page& page : pages) {
        std::size_t place = 0;
        for (const config::Frontend& frontend : frontends) {
            if (frontend.name == page.frontend) break;
            if (is_page(frontend)) ++place;
        }
        auto answer = [this, place, shown = std::move(page.page)](const http::Request& request) {
            return answer_page(place, shown, request);
        };
        pages_.push_back(std::make_unique<http::Server>(io_.get_executor(),
                                                        std::move(page.listener),
                                                        http::ServerOptions{}, std::move(answer)));
    }
}

http::Response Control::answer_page(std::size_t page, const config::StatsPage& shown,
                                    const http::Request& request) {
    admin::PageFacts& facts = facts_.pages[page];
    ++facts.total;
    facts.open = 1;
    facts.most_open = std::max(facts.most_open, facts.open);
    http::Response response = admin::answer_page(snapshot(), shown, request);
    facts.open = 0;
    facts.bytes_out += response.body.size();
    return response;
}

void Control::open_stats_sockets(std::vector<StatsSocket> sockets) {
    for (StatsSocket& socket : sockets) {
        admin::RuntimeOptions options;
        options.level = admin::level_of(socket.level).value_or(admin::Level::operate);
        options.timeout = config_.global.stats_timeout;
        options.most_clients = config_.global.stats_maxconn;
        stats_sockets_.push_back(std::make_unique<admin::RuntimeSocket>(
            io_.get_executor(), std::move(socket.listener), options, desk_));
    }
}

// The highest rate of a second is known when that second is over.
Task Control::rate_loop() {
    asio::steady_timer pause(io_);
    for (;;) {
        pause.expires_after(seconds(1));
        co_await pause.async_wait(quietly);
        const TimePoint now = Clock::now();
        table_->shared->raise_rate(now);
        for (const auto& row : table_->frontends)
            row.shared->raise_rate(now);
        for (const auto& row : table_->backends)
            row.shared->raise_rate(now);
        for (const auto& row : table_->servers)
            row.shared->raise_rate(now);
    }
}

}  // namespace pgsteer::router
