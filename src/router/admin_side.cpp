// The side of Control that people and tools see: pages, metrics, stats sockets, and what they may
// change.

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "admin/page.h"
#include "admin/page_order.h"
#include "base/descriptors.h"
#include "base/machine_name.h"
#include "router/control.h"
#include "router/handover.h"

namespace asio = boost::asio;

namespace pgsteer::router {
namespace {

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);

std::vector<const config::Frontend*> page_frontends(const config::Config& config) {
    std::vector<const config::Frontend*> pages;
    for (const config::Frontend& frontend : config.frontends)
        if (frontend.mode == config::Frontend::Mode::http) pages.push_back(&frontend);
    return pages;
}

// Among them.
std::optional<std::size_t> page_place(const config::Config& config, const std::string& name) {
    const auto pages = page_frontends(config);
    for (std::size_t i = 0; i < pages.size(); ++i)
        if (pages[i]->name == name) return i;
    return std::nullopt;
}

}  // namespace

admin::Snapshot Control::snapshot() {
    facts_.lost_reports = plane_->lost_reports() + log::lost_lines();
    facts_.stopping = stopping_softly_;
    const TimePoint now = Clock::now();
    return admin::take_snapshot(*table_, *cluster_, facts_, now);
}

admin::Desk Control::make_desk() {
    return {config_.get(),
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
            },
            [this](int socket) { hand_over(socket); },
            [this] { return reload(); }};
}

// After a configuration was taken over, the first one too. What listens where it did goes on with
// the clients it has.
void Control::show(const config::Config& before, Opened& opened) {
    desk_.config = config_.get();
    facts_.config = config_.get();
    facts_.node = config_->global.node.value_or(machine_name());
    facts_.description = config_->global.description.value_or("");
    facts_.counted = std::move(opened.counted);
    facts_.listeners = opened.sockets.empty() ? sockets_.size() : opened.sockets.size();
    const auto facts_before = std::exchange(facts_.pages, {});
    for (const config::Frontend* const frontend : page_frontends(*config_)) {
        const auto known = page_place(before, frontend->name);
        facts_.pages.push_back(known && *known < facts_before.size() ? facts_before[*known]
                                                                     : admin::PageFacts{});
    }
    make_pages();
    open_pages(std::move(opened.pages));
    open_stats_sockets(std::move(opened.stats_sockets));
}

// A section with several addresses shows one page. What browsers have of the one before still
// counts: its forms, and what they have seen.
void Control::make_pages() {
    const auto before = std::exchange(shown_, {});
    for (const config::Frontend* const frontend : page_frontends(*config_)) {
        if (!frontend->stats) continue;
        const auto known = before.find(frontend->name);
        shown_[frontend->name] = std::make_unique<admin::Page>(admin::PageParts{
            *frontend->stats, known != before.end() ? known->second->token() : admin::fresh_token(),
            machine_name(), [this] { return snapshot(); },
            [this](const admin::Order& order) { return admin::carry_out(desk_, order); },
            io_.get_executor()});
    }
}

void Control::open_pages(std::vector<Page> pages) {
    auto before = std::exchange(pages_, {});
    for (Page& page : pages) {
        const auto same = std::find_if(before.begin(), before.end(), [&](const auto& open) {
            return open && open->socket == page.socket && open->tls == page.tls;
        });
        if (same != before.end()) {
            pages_.push_back(std::move(*same));
            pages_.back()->frontend = std::move(page.frontend);
            continue;
        }
        auto& open = pages_.emplace_back(std::make_unique<OpenPage>());
        open->socket = std::move(page.socket);
        open->frontend = std::move(page.frontend);
        open->tls = page.tls;
        http::ServerOptions options;
        options.most_body_bytes = admin::Page::most_body_bytes;
        options.tls = std::move(page.tls);
        open->server = std::make_unique<http::Server>(
            io_.get_executor(), duplicate(open->socket->get()), options,
            [this, its = open.get()](const http::Request& request) {
                return answer_page(its->frontend, request);
            });
    }
}

http::Response Control::answer_page(const std::string& frontend, const http::Request& request) {
    const auto place = page_place(*config_, frontend);
    const auto shown = shown_.find(frontend);
    if (!place || shown == shown_.end()) return {404, "Not Found", "text/plain", "", {}, nullptr};
    admin::PageFacts& facts = facts_.pages[*place];
    ++facts.total;
    facts.open = 1;
    facts.most_open = std::max(facts.most_open, facts.open);
    http::Response response = shown->second->answer(request);
    facts.open = 0;
    facts.bytes_out += response.body.size();
    return response;
}

void Control::open_stats_sockets(std::vector<StatsSocket> sockets) {
    const StatsLimits limits{config_->global.stats_timeout, config_->global.stats_maxconn};
    auto before = std::exchange(stats_sockets_, {});
    for (StatsSocket& socket : sockets) {
        const auto same = std::find_if(before.begin(), before.end(), [&](const OpenStats& open) {
            return open.of == socket && limits == stats_limits_;
        });
        if (same != before.end()) {
            stats_sockets_.push_back(std::move(*same));
            same->of.socket.reset();
            continue;
        }
        admin::RuntimeOptions options;
        options.level = admin::level_of(socket.level).value_or(admin::Level::operate);
        options.timeout = limits.timeout;
        options.most_clients = limits.most_clients;
        options.exposes_listeners = socket.exposes_listeners;
        // Acceptors close what they are given.
        UniqueFd listener = duplicate(socket.socket->get());
        stats_sockets_.push_back(
            {std::move(socket), std::make_unique<admin::RuntimeSocket>(
                                    io_.get_executor(), std::move(listener), options, desk_)});
    }
    // Who asked for this reload hears how it went.
    for (OpenStats& open : before)
        if (open.server) open.server->leave();
    stats_limits_ = limits;
}

// They stay with both until this one is asked to finish.
void Control::hand_over(int socket) {
    if (const auto sent = send_sockets(socket, sockets_); !sent)
        return log::warning("{}", sent.error().text);
    handed_over_ = true;
    log::notice("{} listening sockets were handed to another process", sockets_.size());
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
