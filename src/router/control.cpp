#include "router/control.h"

#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>

#include "base/log.h"
#include "probe/ask.h"
#include "router/names.h"
#include "router/session_line.h"

namespace asio = boost::asio;

namespace pgsteer::router {
namespace {

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);
// Reports are gathered this long, so that many ended sessions cost one wake-up.
constexpr milliseconds report_pause{10};
constexpr milliseconds resolve_pause{1000};

}  // namespace

Control::Control(ControlParts parts)
    : config_(parts.config),
      cluster_(std::move(parts.cluster)),
      table_(cluster_->table()),
      plane_(std::move(parts.plane)),
      facts_(std::move(parts.facts)),
      signals_(io_, SIGTERM, SIGINT, SIGUSR1),
      // A descriptor of its own: asio closes what it is given.
      reports_(io_, ::dup(plane_->report_fd())) {
    signals_.add(SIGHUP);
    for (std::size_t i = 0; i < cluster_->questions().size(); ++i)
        due_.push_back(std::make_unique<asio::steady_timer>(io_));
    open_pages(std::move(parts.pages));
}

void Control::run() {
    asio::co_spawn(io_, signal_loop(), asio::detached);
    asio::co_spawn(io_, report_loop(), asio::detached);
    for (std::size_t i = 0; i < due_.size(); ++i)
        asio::co_spawn(io_, probe_loop(static_cast<health::QuestionId>(i)), asio::detached);
    io_.run();
    pages_.clear();
    plane_.reset();
}

asio::awaitable<void> Control::probe_loop(health::QuestionId id) {
    const auto index = static_cast<std::size_t>(id);
    const health::Question& question = cluster_->questions()[index];
    asio::steady_timer& timer = *due_[index];
    for (;;) {
        const TimePoint due = cluster_->next_due(id);
        if (due > Clock::now()) {
            timer.expires_at(due);
            // Cancelled when evidence made the question due earlier: look again.
            co_await timer.async_wait(quietly);
            continue;
        }
        cluster_->asking(id, Clock::now());
        probe::Target target;
        target.addresses = co_await check_addresses(question);
        target.check = question.check;
        target.connect_timeout = question.connect_timeout;
        target.answer_timeout = question.answer_timeout;
        health::Observation observation;
        if (target.addresses.empty()) {
            observation.at = Clock::now();
            observation.outcome = health::Failure{health::FailureKind::internal,
                                                  "could not resolve '" + question.host + "'"};
        } else {
            observation = co_await probe::ask(std::move(target));
        }
        for (const health::Change& change : cluster_->observe(id, observation))
            log::write(change.up ? log::Level::notice : log::Level::warning, change.line);
        publish();
    }
}

asio::awaitable<std::vector<Address>> Control::check_addresses(const health::Question& question) {
    if (question.unix_socket) co_return std::vector{*question.unix_socket};
    // The addresses of the server itself, when the check goes to the same host.
    const routing::ServerRow& row = table_->at(question.servers.front());
    const config::Server& server = cluster_->server_config(question.servers.front());
    if (server.endpoint.host == question.host && !row.addresses.empty()) {
        std::vector<Address> same;
        for (const Address& address : row.addresses)
            same.push_back(address.with_port(question.port));
        co_return same;
    }
    co_return co_await resolve_again(question.host, question.port);
}

asio::awaitable<void> Control::report_loop() {
    asio::steady_timer pause(io_);
    for (;;) {
        auto [error] =
            co_await reports_.async_wait(asio::posix::stream_descriptor::wait_read, quietly);
        if (error) co_return;
        plane_->drain([this](const routing::Report& report) { take_report(report); });
        if (const auto lost = plane_->lost_reports(); lost != lost_told_) {
            log::warning(
                "{} session log lines were lost: more sessions ended than the log could "
                "take",
                lost - lost_told_);
            lost_told_ = lost;
        }
        publish();
        pause.expires_after(report_pause);
        co_await pause.async_wait(quietly);
    }
}

void Control::take_report(const routing::Report& report) {
    if (const auto* ended = std::get_if<routing::SessionEnded>(&report)) {
        log::write_traffic(session_line(*ended, *table_));
    } else if (const auto* failed = std::get_if<routing::ConnectFailed>(&report)) {
        cluster_->connect_failed(failed->server, failed->at);
        for (const auto& timer : due_)
            timer->cancel();
        asio::co_spawn(io_, resolve_server(failed->server), asio::detached);
    } else if (const auto* refused = std::get_if<routing::AcceptFailed>(&report)) {
        if (Clock::now() - accept_warning_ < seconds(1)) return;
        accept_warning_ = Clock::now();
        log::alert(
            "proxy {} cannot accept clients: {}; raise the limit of open files or lower "
            "maxconn",
            table_->at(refused->frontend).name, ::strerror(refused->error_number));
    }
}

asio::awaitable<void> Control::resolve_server(routing::ServerId id) {
    const config::Server& server = cluster_->server_config(id);
    if (server.endpoint.unix_socket) co_return;
    const TimePoint now = Clock::now();
    const auto last = resolved_.find(id);
    if (last != resolved_.end() && now - last->second < resolve_pause) co_return;
    resolved_[id] = now;
    auto addresses = co_await resolve_again(server.endpoint.host, server.endpoint.port);
    if (addresses.empty()) co_return;
    cluster_->set_addresses(id, std::move(addresses));
    publish();
}

void Control::publish() {
    auto newest = cluster_->table();
    if (newest == table_) return;
    table_ = std::move(newest);
    plane_->publish(table_);
}

void Control::open_pages(std::vector<Page> pages) {
    for (Page& page : pages) {
        auto answer = [this, shown = page.page](const http::Request& request) {
            return admin::stats_page(admin::take_snapshot(*table_, *cluster_, facts_, Clock::now()),
                                     shown, request);
        };
        pages_.push_back(std::make_unique<http::Server>(
            io_.get_executor(), std::move(page.listener), http::ServerOptions{}, answer));
    }
}

asio::awaitable<void> Control::signal_loop() {
    for (;;) {
        auto [error, signal] = co_await signals_.async_wait(quietly);
        if (error) co_return;
        if (signal == SIGHUP) {
            log::warning("SIGHUP: this version cannot reload its configuration; restart instead");
        } else if (signal == SIGUSR1) {
            log::notice("SIGUSR1: no new sessions; stopping when the last one has ended");
            plane_->stop_accepting();
            asio::co_spawn(io_, soft_stop(), asio::detached);
        } else {
            log::notice("{}: stopping, {} sessions end now",
                        signal == SIGINT ? "SIGINT" : "SIGTERM", table_->shared->slots.taken());
            io_.stop();
            co_return;
        }
    }
}

asio::awaitable<void> Control::soft_stop() {
    const milliseconds limit = config_.global.hard_stop_after;
    const TimePoint deadline = limit.count() > 0 ? after(Clock::now(), limit) : never;
    asio::steady_timer timer(io_);
    while (table_->shared->slots.taken() > 0 && Clock::now() < deadline) {
        timer.expires_after(milliseconds(50));
        co_await timer.async_wait(quietly);
    }
    io_.stop();
}

}  // namespace pgsteer::router
