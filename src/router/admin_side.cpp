// The side of Control that people and tools see: pages, metrics, stats sockets, and what they may
// change.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "admin/page.h"
#include "admin/page_order.h"
#include "router/control.h"

namespace asio = boost::asio;

namespace pgsteer::router {
namespace {

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);

std::string machine_name() {
    std::array<char, 256> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

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
    shown_.resize(facts_.pages.size());
    for (Page& page : pages) {
        std::size_t place = 0;
        for (const config::Frontend& frontend : frontends) {
            if (frontend.name == page.frontend) break;
            if (is_page(frontend)) ++place;
        }
        // A section with several addresses shows one page.
        if (!shown_[place])
            shown_[place] = std::make_unique<admin::Page>(admin::PageParts{
                std::move(page.page), admin::fresh_token(), machine_name(),
                [this] { return snapshot(); },
                [this](const admin::Order& order) { return admin::carry_out(desk_, order); },
                io_.get_executor()});
        auto answer = [this, place](const http::Request& request) {
            return answer_page(place, *shown_[place], request);
        };
        http::ServerOptions options;
        options.most_body_bytes = admin::Page::most_body_bytes;
        options.tls = page.tls;
        pages_.push_back(std::make_unique<http::Server>(
            io_.get_executor(), std::move(page.listener), options, std::move(answer)));
    }
}

http::Response Control::answer_page(std::size_t page, admin::Page& shown,
                                    const http::Request& request) {
    admin::PageFacts& facts = facts_.pages[page];
    ++facts.total;
    facts.open = 1;
    facts.most_open = std::max(facts.most_open, facts.open);
    http::Response response = shown.answer(request);
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
