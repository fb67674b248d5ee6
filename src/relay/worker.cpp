#include "relay/worker.h"

#include <algorithm>
#include <cerrno>

#include "base/log.h"

namespace pgsteer::relay {
namespace {

constexpr std::size_t events_per_wait = 512;

// What epoll_wait takes: -1 is for ever.
int sooner(int wait, Duration pause) {
    const auto left = std::max<std::int64_t>(std::chrono::ceil<milliseconds>(pause).count(), 0);
    return wait < 0 || left < wait ? static_cast<int>(left) : wait;
}

}  // namespace

Worker::Worker(routing::WorkerId id, Fellows& fellows)
    : id_(id),
      fellows_(fellows),
      channel_(*fellows.channels[routing::index(id)]),
      table_(channel_.newest().table),
      newest_listeners_(channel_.newest().listeners),
      holds_(table_->backends.size()),
      events_(events_per_wait),
      random_(std::random_device{}()) {}

Result<void> Worker::prepare() {
    epoll_.reset(::epoll_create1(EPOLL_CLOEXEC));
    if (!epoll_) return system_error("epoll_create1");
    if (channel_.wake_fd() < 0 || fellows_.bell.fd.get() < 0) return system_error("eventfd");
    if (!watch(channel_.wake_fd(), EPOLLIN, {Source::wake, 0, 0})) return system_error("epoll_ctl");
    adopt_listeners();
    resume_listeners();
    return {};
}

void Worker::run() {
    while (!channel_.stopping())
        loop_once();
    end_all(routing::EndReason::shutdown);
}

void Worker::loop_once() {
    int wait = unfinished_.empty() && !own_bell_ ? timers_.wait(now_tick()) : 0;
    if (accept_again_ != never) wait = sooner(wait, accept_again_ - now_);
    if (!spares_.empty()) wait = sooner(wait, spares_.until() - now_);
    if (release_due_) wait = wait < 0 || wait > 1 ? 1 : wait;
    if (!counting_.empty()) [[unlikely]]
        wait = sooner(wait, count_bytes_at_ - now_);
    const int count =
        ::epoll_wait(epoll_.get(), events_.data(), static_cast<int>(events_.size()), wait);
    now_ = Clock::now();
    channel_.report_kept(fellows_.bell);
    for (int i = 0; i < count; ++i)
        dispatch(events_[static_cast<std::size_t>(i)]);
    pump_unfinished();
    expire_timers();
    if (!spares_.empty() && spares_.until() <= now_) spares_.clear();
    if (!counting_.empty() && count_bytes_at_ <= now_) [[unlikely]]
        count_bytes_of_all();
    if (accept_again_ <= now_) {
        accept_again_ = never;
        resume_listeners();
    }
    if (own_bell_ || release_due_) {
        own_bell_ = release_due_ = false;
        serve_all_held();
        resume_listeners();
    }
}

void Worker::dispatch(const epoll_event& event) {
    const EventKey key = EventKey::unpack(event.data.u64);
    if (key.source == Source::wake) return on_wake();
    if (key.source == Source::listener) return accept_batch(key.slot);
    Session* session = sessions_.find(key.slot, key.generation);
    if (session == nullptr) return;  // a late event of a session that has ended
    switch (session->state.index()) {
        case 1:  // Held
            return on_held_event(key.slot, event.events);
        case 2:  // Connecting
            if (key.source == Source::server) on_connect_event(key.slot, event.events);
            return;
        case 3:  // Relaying
            return on_relay_event(key.slot, key.source, event.events);
        case 4:  // Closing
            if (key.source == Source::client) on_closing_event(key.slot, event.events);
            return;
        case 5:  // Inspecting
            if (key.source == Source::client) on_inspected_event(key.slot, event.events);
            return;
        default:
            return;
    }
}

void Worker::on_wake() {
    channel_.clear_wake();
    if (channel_.stopping()) return;
    adopt_newest();
    answer_operator();
    serve_all_held();
    resume_listeners();
}

void Worker::adopt_newest() {
    auto newest = channel_.newest();
    const auto before = std::exchange(table_, std::move(newest.table));
    holds_.resize(table_->backends.size());
    if (newest.listeners != newest_listeners_) {
        newest_listeners_ = std::move(newest.listeners);
        adopt_listeners();
        channel_.set_accepts(!newest_listeners_->empty());
    }
    if (before->version == table_->version) return;
    open_and_close_listeners();
    end_what_is_cut(*before);
    choose_backends_again();
    advance_unsettled();
}

// A session ends when its row's cut_before is newer than the table it was chosen from; a connect
// under way to a server that accepts no longer goes back to choosing, nothing was said on it yet.
void Worker::end_what_is_cut(const routing::RoutingTable& before) {
    bool any_cut = false;
    bool any_closed = false;
    for (const routing::ServerRow& now_row : table_->servers) {
        any_cut = any_cut || now_row.cut_before > before.version ||
                  now_row.killed_before > before.version ||
                  now_row.superseded_before > before.version;
        any_closed = any_closed || !now_row.accepts;
    }
    if (!any_cut && !any_closed) return;
    for (SlotIndex slot = 0; slot < sessions_.size(); ++slot) {
        Session& session = sessions_.at(slot);
        if (!session.in_use || !session.has_server) continue;
        const routing::ServerRow& its_row = row(session);
        if (std::holds_alternative<Connecting>(session.state)) {
            // Of a backend that is no more there is nothing else to choose.
            const bool stays = its_row.accepts || backend(session).retired;
            if (stays && session.chosen_from >= its_row.cut_before) continue;
            give_back_slot(session);
            if (session.aside) session.aside->server.reset();
            session.state = Starting{};
            session.has_server = false;
            seek(slot);
        } else if (std::holds_alternative<Relaying>(session.state)) {
            if (session.chosen_from < its_row.cut_before)
                end(slot, routing::EndReason::cut);
            else if (session.chosen_from < its_row.killed_before)
                end(slot, routing::EndReason::killed);
            else if (session.chosen_from < its_row.superseded_before)
                end(slot, routing::EndReason::superseded);
        }
    }
}

void Worker::expire_timers() {
    due_.clear();
    timers_.expire(now_tick(), due_);
    for (const SlotIndex slot : due_) {
        Session& session = sessions_.at(slot);
        if (!session.in_use) continue;
        const Tick now = now_tick();
        if (const auto* held = std::get_if<Held>(&session.state)) {
            const auto limit = static_cast<std::int32_t>(backend(session).queue_timeout.count());
            if (limit > 0 && static_cast<std::int32_t>(now - session.held_since) >= limit) {
                refuse(slot, session.avoid_server ? routing::EndReason::connect_failed
                                                  : routing::EndReason::no_server);
                continue;
            }
            const bool paused = static_cast<std::int32_t>(held->not_before - now) > 0;
            if (!paused) serve_held(session.backend);
            if (sessions_.at(slot).in_use && std::holds_alternative<Held>(session.state)) {
                const std::int32_t left =
                    limit > 0 ? limit - static_cast<std::int32_t>(now - session.held_since) : 1000;
                set_timer(slot, milliseconds(paused ? std::min(left, static_cast<std::int32_t>(
                                                                         held->not_before - now))
                                                    : left));
            }
        } else if (std::holds_alternative<Connecting>(session.state)) {
            session.timeouts = static_cast<std::uint8_t>(std::min(session.timeouts + 1, 255));
            connect_failed(slot, ETIMEDOUT);
        } else if (std::holds_alternative<Relaying>(session.state)) {
            on_relay_timer(slot);
        } else if (std::holds_alternative<Inspecting>(session.state)) {
            advance(slot);
        } else if (const auto* closing = std::get_if<Closing>(&session.state)) {
            end(slot, closing->reason);
        }
    }
}

void Worker::pump_unfinished() {
    const std::vector<EventKey> again = std::exchange(unfinished_, {});
    for (const EventKey& key : again) {
        Session* session = sessions_.find(key.slot, key.generation);
        if (session == nullptr || !std::holds_alternative<Relaying>(session->state)) continue;
        if (key.source == Source::client)
            pump_up(key.slot);
        else
            pump_down(key.slot);
    }
}

Tick Worker::now_tick() const {
    return static_cast<Tick>(std::chrono::duration_cast<milliseconds>(now_ - started_).count());
}

void Worker::set_timer(SlotIndex slot, milliseconds span) {
    const auto ms = span.count() < 0 ? 0 : span.count();
    timers_.set(slot, now_tick(), static_cast<std::uint32_t>(ms));
}

bool Worker::watch(int fd, std::uint32_t events, EventKey key) {
    epoll_event event{};
    event.events = events;
    event.data.u64 = key.pack();
    return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

}  // namespace pgsteer::relay
