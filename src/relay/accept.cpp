// From a listener to a session. A client is accepted only when the process and its frontend have a
// free slot; otherwise it stays in the kernel's backlog, as with HAProxy's maxconn.
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "relay/worker.h"

namespace pgsteer::relay {
namespace {

// As HAProxy's tune.maxaccept for one listener in one loop.
constexpr std::uint32_t most_accepts_per_loop = 64;
// Of a socket that is let go: net.core.somaxconn's default.
constexpr int most_last_clients = 4096;

}  // namespace

void Worker::watch_listener(std::size_t index) {
    ListenState& state = listeners_[index];
    if (!state.listener || state.gone || state.watched || state.closed) return;
    // A shared socket wakes one worker, not all of them.
    const std::uint32_t exclusive =
        state.listener->shared ? static_cast<std::uint32_t>(EPOLLEXCLUSIVE) : 0U;
    state.watched = watch(state.listener->socket->get(), EPOLLIN | exclusive,
                          {Source::listener, 0, static_cast<SlotIndex>(index)});
}

void Worker::unwatch_listener(std::size_t index) {
    ListenState& state = listeners_[index];
    if (!state.watched) return;
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, state.listener->socket->get(), nullptr);
    state.watched = false;
    state.was_ready = false;
}

// One accept a loop while clients trickle in (no second accept just to hear EAGAIN); the batch
// doubles while the listener is ready loop after loop.
void Worker::accept_batch(std::size_t index) {
    ListenState& state = listeners_[index];
    if (!state.watched) return;  // an event from before it was let go
    state.batch = state.was_ready ? std::min(state.batch * 2, most_accepts_per_loop) : 1;
    state.was_ready = true;
    for (std::uint32_t i = 0; i < state.batch; ++i) {
        switch (accept_one(index)) {
            case Accepted::one:
                break;
            case Accepted::none:
                state.was_ready = false;
                return;
            case Accepted::failed:
                return;
            case Accepted::at_limit:
                unwatch_listener(index);
                return;
        }
    }
}

Worker::Accepted Worker::accept_one(std::size_t index) {
    const Listener& listener = *listeners_[index].listener;
    const routing::FrontendRow& front = table_->at(listener.frontend);
    if (!take_accept_slots(front)) return Accepted::at_limit;
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    const int fd = ::accept4(listener.socket->get(), reinterpret_cast<sockaddr*>(&address), &length,
                             SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        const int error_number = errno;
        give_back_accept_slots(listener.frontend);
        // ECONNABORTED and network errors belong to one client (accept(2)): the next one may be
        // fine.
        if (error_number == EMFILE || error_number == ENFILE || error_number == ENOBUFS ||
            error_number == ENOMEM) {
            on_accept_failure(index, error_number);
            return Accepted::failed;
        }
        return Accepted::none;
    }
    const SlotIndex slot = sessions_.take();
    Session& session = sessions_.at(slot);
    session.client.reset(fd);
    session.accepted = now_;
    session.peer = compact(reinterpret_cast<const sockaddr*>(&address));
    session.listener = static_cast<std::uint16_t>(index);
    ++listeners_[index].sessions;
    session.frontend = listener.frontend;
    session.backend = front.backend;
    if (listener.counted) (void)listener.counted->slots.try_take(routing::unlimited);
    traffic(table_->shared).sessions.add();
    traffic(table_->shared).rate.add(now_);
    traffic(table_->shared).most_sessions.raise_to(table_->shared->slots.taken());
    if (front.rules || listener.accept_proxy || listener.tls) {
        admit(slot);
    } else {
        count_session(session);
        seek(slot);
    }
    return Accepted::one;
}

// Who is rejected before is no session, as in HAProxy.
void Worker::count_session(Session& session) {
    const auto& shared = frontend(session).shared;
    count_tracked(session);
    routing::Traffic& counted = traffic(shared);
    counted.sessions.add();
    counted.rate.add(now_);
    counted.most_sessions.raise_to(shared->slots.taken());
    if (const auto& own = counted_listener(session)) {
        traffic(own).sessions.add();
        traffic(own).most_sessions.raise_to(own->slots.taken());
    }
    if (frontend(session).log.number) session.number = table_->shared->turn.fetch_add(1);
    tell_accepted(session);
}

// Of its address with `option socket-stats`; mostly null.
const std::shared_ptr<routing::Shared>& Worker::counted_listener(const Session& session) const {
    return listeners_[session.listener].listener->counted;
}

// Publishing the wish before the second try is what makes a lost wake-up impossible; see
// routing/waiting.h.
bool Worker::take_accept_slots(const routing::FrontendRow& front) {
    const auto take = [this](routing::Shared& shared, std::uint32_t limit) {
        if (shared.slots.try_take(limit)) return true;
        shared.board.publish(id_, shared.board.draw_ticket());
        if (!shared.slots.try_take(limit)) return false;
        shared.board.clear(id_);
        return true;
    };
    if (!take(*table_->shared, table_->limit)) return false;
    if (take(*front.shared, front.limit)) return true;
    table_->shared->slots.give_back();
    wake_next(*table_->shared);
    return false;
}

void Worker::give_back_accept_slots(routing::FrontendId id) {
    routing::Shared& front = *table_->at(id).shared;
    front.slots.give_back();
    table_->shared->slots.give_back();
    wake_next(front);
    wake_next(*table_->shared);
}

// Sockets of unchanged addresses are in old and new listeners alike: they are watched on, and who
// came meanwhile waits in their queue.
void Worker::adopt_listeners() {
    const auto is_own = [this](const Listener& listener) {
        return listener.shared || listener.worker == routing::index(id_);
    };
    for (std::size_t i = 0; i < listeners_.size(); ++i) {
        if (!listeners_[i].listener || listeners_[i].gone) continue;
        if (listeners_[i].watched) take_last_clients(i);
        unwatch_listener(i);
        listeners_[i].gone = true;
        let_go(i);
    }
    for (const auto& listener : *newest_listeners_) {
        if (!is_own(*listener)) continue;
        auto place = std::find_if(listeners_.begin(), listeners_.end(),
                                  [](const ListenState& state) { return !state.listener; });
        if (place == listeners_.end()) place = listeners_.emplace(place);
        *place = ListenState{};
        place->listener = listener;
        // Another `backlog`, or the end of a `disable frontend` of who had it before.
        if (!listener->shared) (void)::listen(listener->socket->get(), listener->backlog);
    }
}

// Who is in the queue of a socket that is closed is reset; so they are accepted first.
void Worker::take_last_clients(std::size_t index) {
    const auto& socket = listeners_[index].listener->socket;
    const bool stays =
        std::any_of(newest_listeners_->begin(), newest_listeners_->end(),
                    [&](const auto& listener) { return listener->socket == socket; });
    if (stays) return;
    for (int i = 0; i < most_last_clients; ++i)
        if (accept_one(index) != Accepted::one) return;
}

// Its socket goes now; what its sessions go by stays as long as they do.
void Worker::let_go(std::size_t index) {
    ListenState& state = listeners_[index];
    if (state.gone && state.listener && state.listener->socket) {
        Listener left = *state.listener;
        left.socket.reset();
        state.listener = std::make_shared<const Listener>(std::move(left));
    }
    if (state.gone && state.sessions == 0) state = ListenState{};
}

// `disable frontend`: nobody listens there meanwhile, so clients are refused and may go elsewhere.
// A shared socket may belong to another process, too: there they wait.
void Worker::open_and_close_listeners() {
    for (std::size_t i = 0; i < listeners_.size(); ++i) {
        ListenState& state = listeners_[i];
        if (!state.listener || state.gone) continue;
        const bool closed = !table_->at(state.listener->frontend).listens;
        if (closed == std::exchange(state.closed, closed)) continue;
        if (closed) {
            unwatch_listener(i);
            if (!state.listener->shared) (void)::shutdown(state.listener->socket->get(), SHUT_RD);
        } else {
            if (!state.listener->shared)
                (void)::listen(state.listener->socket->get(), state.listener->backlog);
            watch_listener(i);
        }
    }
}

void Worker::resume_listeners() {
    if (accept_again_ != never) return;
    for (std::size_t i = 0; i < listeners_.size(); ++i) {
        const ListenState& state = listeners_[i];
        if (!state.listener || state.gone || state.watched) continue;
        table_->shared->board.clear(id_);
        table_->at(listeners_[i].listener->frontend).shared->board.clear(id_);
        watch_listener(i);
        // The bell was rung for this worker alone: pass the baton, its own backlog may be empty.
        wake_next(*table_->at(listeners_[i].listener->frontend).shared);
        wake_next(*table_->shared);
    }
}

// The clients stay in the backlog; every listener rests, since the next accept would fail as well.
void Worker::on_accept_failure(std::size_t index, int error_number) {
    channel_.report(routing::AcceptFailed{listeners_[index].listener->frontend, error_number},
                    fellows_.bell);
    spares_.clear();
    for (std::size_t i = 0; i < listeners_.size(); ++i)
        unwatch_listener(i);
    accept_again_ = now_ + accept_pause;
}

}  // namespace pgsteer::relay
