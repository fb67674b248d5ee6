#include "router/control.h"

#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <exception>

#include "base/log.h"
#include "routing/choose.h"
#include "tls/end.h"

namespace asio = boost::asio;

namespace pgsteer::router {
namespace {

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);
// Reports are gathered this long, so that many ended sessions cost one wake-up. Evidence waits in
// the same queue, and behind a session line it waits this long at most.
constexpr milliseconds report_pause{10};
constexpr milliseconds held_pause{500};
constexpr milliseconds soft_stop_pause{50};

// While no server of a backend is fit, those who watch its nodes are told so again this often, and
// for this long: then it is an outage, and nothing is won by asking 200 times a second.
constexpr seconds hurry_pause{5};
// Not at once: a promotion often takes the last standby away and gives clients that waited their
// primary, and they go first.
constexpr milliseconds first_hurry_pause{20};
constexpr seconds hurry_limit{60};

// Why a TLS connection to a server failed; empty: TLS had no part in it.
std::string words_of_tls(const routing::ConnectFailed& failed) {
    if (!failed.by_tls) return "";
    if (failed.error_number == ETIMEDOUT) return "SSL handshake timeout";
    return tls::handshake_words({failed.tls_code, failed.tls_verified, failed.error_number});
}

}  // namespace

Control::Control(ControlParts parts)
    : source_(std::move(parts.source)),
      config_(std::move(parts.config)),
      cluster_(std::move(parts.cluster)),
      names_(std::move(parts.names)),
      system_names_(std::move(parts.system_names)),
      table_(cluster_->table()),
      plane_(std::move(parts.plane)),
      logs_(std::move(parts.logs)),
      facts_(std::move(parts.facts)),
      signals_(io_, SIGTERM, SIGINT, SIGUSR1),
      // A descriptor of its own: asio closes what it is given.
      reports_(io_, ::dup(plane_->report_fd())),
      next_change_(io_),
      next_name_(io_),
      probes_({io_, *cluster_, *names_, [this](Task task) { start(std::move(task)); },
               [this](const auto& changes) { take_changes(changes); },
               [this](const std::string& host) { ask_name_again(host); }}),
      hurrying_(table_->backends.size()),
      sessions_(io_, *plane_, facts_.workers),
      desk_(make_desk()),
      sockets_(std::move(parts.opened.sockets)),
      paths_(std::move(parts.opened.paths)),
      manager_(std::move(parts.manager)),
      master_(std::move(parts.master)),
      master_events_(io_) {
    signals_.add(SIGHUP);
    signals_.add(SIGUSR2);
    facts_.failovers = &failovers_;
    facts_.events = &events_;
    show(*config_, parts.opened);
}

int Control::run() {
    start(signal_loop());
    start(report_loop());
    start(held_loop());
    start(names_loop());
    start(time_loop());
    start(rate_loop());
    probes_.start();
    if (master_) greet_master();
    io_.run();
    // No way back from here: pages close, then the workers end their sessions.
    pages_.clear();
    stats_sockets_.clear();
    // The last sessions end here and get their log lines, too.
    plane_->stop();
    plane_->drain([this](const routing::Report& report) {
        if (std::holds_alternative<routing::SessionEnded>(report)) take_report(report);
    });
    if (!handed_over_) remove_paths(paths_);
    return status_;
}

// A task that fails (out of memory) must not just be missing from then on: a router whose probes
// are dead serves yesterday's roles. It ends, and its supervisor starts it anew.
void Control::start(Task task) {
    asio::co_spawn(io_, std::move(task), [this](const std::exception_ptr& error) {
        if (!error) return;
        log::alert("the control thread failed: ending");
        status_ = 1;
        io_.stop();
    });
}

// Whatever evidence changed: it is told, published, and where no server is left, hurried for.
void Control::take_changes(const std::vector<health::Change>& changes) {
    const TimePoint now = Clock::now();
    for (const health::Change& change : changes)
        logs_.tell(change, cluster_->view(change.server, now), now);
    for (const health::Change& change : changes)
        if (change.kind != health::Change::Kind::check) events_.add(change.line);
    const std::vector<Queue> queues = queues_of(changes);
    publish();
    for (const Queue& queue : queues)
        look_at(queue.backend, &queue);
    if (cluster_->next_change() != next_change_.expiry()) next_change_.cancel();
    for (const health::Change& change : changes) {
        if (change.kind != health::Change::Kind::last_server_gone) continue;
        const routing::BackendId backend = table_->at(change.server).backend;
        if (!hurrying_[routing::index_of(backend)]) start(hurry_loop(backend));
    }
}

Task Control::hurry_loop(routing::BackendId backend) {
    hurrying_[routing::index_of(backend)] = true;
    asio::steady_timer pause(io_);
    const TimePoint limit = after(Clock::now(), hurry_limit);
    pause.expires_after(first_hurry_pause);
    co_await pause.async_wait(quietly);
    while (!routing::any_accepts(*table_, backend) && Clock::now() < limit) {
        probes_.hurry(cluster_->questions_of(backend));
        pause.expires_after(hurry_pause);
        co_await pause.async_wait(quietly);
    }
    hurrying_[routing::index_of(backend)] = false;
}

// What time alone changes.
Task Control::time_loop() {
    for (;;) {
        next_change_.expires_at(cluster_->next_change());
        const auto [early] = co_await next_change_.async_wait(quietly);
        if (!early) take_changes(cluster_->advance(Clock::now()));
    }
}

Task Control::report_loop() {
    asio::steady_timer pause(io_);
    for (;;) {
        auto [error] =
            co_await reports_.async_wait(asio::posix::stream_descriptor::wait_read, quietly);
        if (error) co_return;
        plane_->drain([this](const routing::Report& report) { take_report(report); });
        probes_.wake_due();
        sessions_.look();
        tell_lost_reports();
        publish();
        pause.expires_after(report_pause);
        co_await pause.async_wait(quietly);
    }
}

void Control::take_report(const routing::Report& report) {
    if (const auto* ended = std::get_if<routing::SessionEnded>(&report)) {
        logs_.take(*ended, *table_);
    } else if (const auto* failed = std::get_if<routing::ConnectFailed>(&report)) {
        const std::string words = words_of_tls(*failed);
        tell_handshake_failure(failed->server, words);
        take_changes(
            cluster_->connect_failed(failed->server, failed->error_number, failed->at, words));
        if (cluster_->unreachable(failed->server)) probes_.reach(failed->server);
        const config::Server& server = cluster_->server_config(failed->server);
        if (!server.endpoint.unix_socket) ask_name_again(server.home());
    } else if (const auto* refused = std::get_if<routing::AcceptFailed>(&report)) {
        const TimePoint now = Clock::now();
        if (accept_warning_ > now - seconds(1)) return;
        accept_warning_ = now;
        log::alert(
            "Proxy {} cannot accept clients: {}; raise the limit of open files or lower "
            "maxconn",
            table_->at(refused->frontend).name, ::strerror(refused->error_number));
    }
}

void Control::tell_handshake_failure(routing::ServerId server, const std::string& words) {
    const TimePoint now = Clock::now();
    if (words.empty() || handshake_warning_ > now - seconds(1)) return;
    handshake_warning_ = now;
    const routing::ServerRow& row = table_->at(server);
    log::warning("Server {}/{} : {}", table_->at(row.backend).name, row.name, words);
}

void Control::tell_lost_reports() {
    const std::uint64_t lost = plane_->lost_reports();
    if (lost == lost_told_) return;
    log::warning("{} session log lines were lost: more sessions ended than the log could take",
                 lost - lost_told_);
    lost_told_ = lost;
}

// Says when clients begin to wait because no server is fit, and when that ends. Clients that wait
// for a slot of a full server are everyday life and not told.
Task Control::held_loop() {
    asio::steady_timer pause(io_);
    std::vector<bool> told(table_->backends.size());
    for (;;) {
        pause.expires_after(held_pause);
        co_await pause.async_wait(quietly);
        logs_.tell_sums(Clock::now());
        told.resize(table_->backends.size());
        for (std::size_t i = 0; i < told.size(); ++i) {
            const routing::BackendRow& backend = table_->backends[i];
            const auto waiting = backend.shared->total(&routing::Traffic::waiting);
            const bool held =
                waiting > 0 && !routing::any_accepts(*table_, static_cast<routing::BackendId>(i));
            if (held == told[i]) continue;
            told[i] = held;
            if (held)
                log::warning("Proxy {}: {} clients wait for a server, up to {} ms each",
                             backend.name, waiting, backend.queue_timeout.count());
            else
                log::notice("Proxy {}: no client waits for lack of a server any more",
                            backend.name);
        }
    }
}

void Control::ask_name_again(const std::string& host) {
    names_->suspect(host, Clock::now());
    next_name_.cancel();
}

// Each name when it is due; cancelled when one is due earlier.
Task Control::names_loop() {
    for (;;) {
        for (NameQuery& query : names_->take_due(Clock::now()))
            start(resolve(std::move(query)));
        next_name_.expires_at(names_->next_due());
        co_await next_name_.async_wait(quietly);
    }
}

Task Control::resolve(NameQuery query) {
    const std::string key = query.key;
    const auto config = config_;  // the query is about a section of it
    const dns::Answer answer = co_await ask(std::move(query), system_names_.get());
    take_moves(names_->learn(key, answer, Clock::now()));
    next_name_.cancel();
}

void Control::take_moves(const std::vector<health::Change>& changes) {
    take_changes(changes);
    probes_.follow_addresses();
}

void Control::publish() {
    auto newest = cluster_->table();
    if (newest == table_) return;
    table_ = std::move(newest);
    failovers_.follow(*table_, Clock::now(), std::chrono::system_clock::now());
    plane_->publish(table_);
    for (const auto& [frontend, page] : shown_)
        page->changed();
}

Task Control::signal_loop() {
    for (;;) {
        auto [error, signal] = co_await signals_.async_wait(quietly);
        if (error) co_return;
        if (signal == SIGHUP || signal == SIGUSR2) {
            if (master_)
                log::warning("a worker does not reload by itself: send SIGUSR2 to its master, {}",
                             ::getppid());
            else
                start(reload_by_signal());
        } else if (signal == SIGUSR1) {
            begin_soft_stop();
        } else {
            log::notice("{}: ending now with {} sessions", signal == SIGINT ? "SIGINT" : "SIGTERM",
                        table_->shared->slots.taken());
            io_.stop();
            co_return;
        }
    }
}

void Control::begin_soft_stop() {
    if (std::exchange(stopping_softly_, true)) return;
    log::notice("No new sessions; ending when the last of {} has ended",
                table_->shared->slots.taken());
    // Sockets close now, so that a successor has the ports for itself.
    plane_->stop_accepting(handed_over_ ? relay::Leaving::handed_over : relay::Leaving::refusing);
    sockets_.clear();
    pages_.clear();
    stats_sockets_.clear();
    start(soft_stop());
}

Task Control::soft_stop() {
    const milliseconds limit = config_->global.hard_stop_after;
    const TimePoint deadline = limit.count() > 0 ? after(Clock::now(), limit) : never;
    asio::steady_timer timer(io_);
    // A worker may be about to accept somebody who called before the sockets closed.
    while ((plane_->accepting() || table_->shared->slots.taken() > 0) && Clock::now() < deadline) {
        timer.expires_after(soft_stop_pause);
        co_await timer.async_wait(quietly);
    }
    if (const auto left = table_->shared->slots.taken(); left > 0)
        log::warning("hard-stop-after has passed: ending with {} sessions", left);
    else
        log::notice("the last session has ended");
    io_.stop();
}

}  // namespace pgsteer::router
