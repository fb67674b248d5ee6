// A client looks for a server: choose a row, take a slot of its limit, connect; or hold the client
// until a new table, a freed slot, the end of a pause, or its deadline. A failed connect goes up as
// evidence, and the client goes to another server at once or back to waiting: it never hangs on a
// dead node.
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "relay/dial.h"
#include "relay/worker.h"
#include "routing/choose.h"
#include "routing/limit.h"

namespace pgsteer::relay {
void Worker::seek(SlotIndex slot) {
    Session& session = sessions_.at(slot);
    count_in_backend(session);
    if (!take_server(session)) return hold(slot, milliseconds{0});
    if (!begin_connect(slot)) connect_failed(slot, errno);
}

// A backend has no limit of its own; its slots are only counted.
void Worker::count_in_backend(Session& session) {
    if (std::exchange(session.counts_in_backend, true)) return;
    routing::Shared& shared = *backend(session).shared;
    (void)shared.slots.try_take(routing::unlimited);
    routing::Traffic& counted = traffic(backend(session).shared);
    counted.sessions.add();
    counted.rate.add(now_);
    counted.most_sessions.raise_to(shared.slots.taken());
    // More load, more slots: maybe somebody who waits can go.
    if (backend(session).elastic) wake_next(shared);
}

// Chooses a row and takes a slot of it; empty when none accepts or all are full.
std::optional<routing::ServerId> Worker::take_server(Session& session) {
    routing::ChooseInput input;
    input.backend = session.backend;
    if (session.avoid_server) input.avoid = session.server;
    input.source_hash = routing::source_hash(address_of(session.peer));
    if (session.avoid_server && take_next_address(session)) return session.server;
    session.awaits_server = false;
    if (const auto named = server_by_rule(session); named.truth != Truth::no) {
        const bool taken = named.truth == Truth::yes && take_slot(session, named.server);
        if (taken) return named.server;
        if (named.truth == Truth::unknown) return std::nullopt;
        if (may_wait_for(session, named.server)) {
            session.awaits_server = true;
            session.server = named.server;
            return std::nullopt;
        }
    }
    // Another worker may take the last slot between choose and take; then there is one choice less.
    for (std::size_t tries = 0; tries <= backend(session).servers.size(); ++tries) {
        input.random = drawn_bits();
        const auto id = routing::choose(*table_, input);
        if (!id) return std::nullopt;
        if (!take_slot(session, *id)) continue;
        traffic(table_->at(*id).shared).balanced.add();
        traffic(backend(session).shared).balanced.add();
        return id;
    }
    return std::nullopt;
}

// False: another worker took the last one.
bool Worker::take_slot(Session& session, routing::ServerId id) {
    const routing::ServerRow& chosen = table_->at(id);
    if (!chosen.shared->slots.try_take(routing::limit_now(chosen))) return false;
    if (session.avoid_server && session.server != id) session.address = 0;
    traffic(chosen.shared).rate.add(now_);
    session.server = id;
    session.has_server = true;
    session.has_slot = true;
    session.chosen_from = table_->version;
    return true;
}

// `use-server`, or where its key went before: one that is full, or is to be judged yet, is waited
// for; one that just failed is not.
routing::ChosenServer Worker::server_by_rule(const Session& session) {
    const auto& rules = backend(session).rules;
    if (!rules || session.avoid_server) return {};
    if (rules->servers.empty() && rules->sticks.empty()) return {};
    routing::Facts facts = facts_of(session, rules->needs_destination);
    facts.bytes = peek(session);
    facts.may_settle = may_settle(session);
    const routing::ChosenServer named = routing::choose_server(*rules, facts);
    if (named.truth != Truth::no || rules->sticks.empty()) return named;
    // Who waits for one goes on doing so, wherever its key's next clients went meanwhile.
    const auto* const held = std::get_if<Held>(&session.state);
    const bool waits = held != nullptr && held->awaits_server && row_takes(held->awaited);
    const auto stuck = waits ? std::optional(held->awaited) : routing::stuck_server(*rules, facts);
    return stuck ? routing::ChosenServer{Truth::yes, *stuck} : routing::ChosenServer{};
}

// A draining one is waited for, too: it keeps those who know it.
bool Worker::row_takes(routing::ServerId id) const {
    const routing::ServerRow& named = table_->at(id);
    return named.accepts || named.cause == routing::Cause::draining;
}

// `maxqueue`: who comes when so many wait for the server alone goes to another one.
bool Worker::may_wait_for(const Session& session, routing::ServerId id) const {
    const routing::ServerRow& named = table_->at(id);
    if (named.most_waiting == 0) return true;
    const auto* const held = std::get_if<Held>(&session.state);
    if (held != nullptr && held->awaits_server && held->awaited == id) return true;
    return named.shared->total(&routing::Traffic::waiting) < named.most_waiting;
}

void Worker::keep_server(const Session& session) {
    const auto& rules = backend(session).rules;
    if (!rules || rules->sticks.empty()) return;
    routing::Facts facts = facts_of(session, rules->needs_destination);
    facts.bytes = peek(session);
    routing::keep_server(*rules, facts, session.server);
}

// False with errno when the connect failed on the spot.
bool Worker::begin_connect(SlotIndex slot) {
    Session& session = sessions_.at(slot);
    const routing::ServerRow& its_row = row(session);
    if (its_row.addresses.empty()) {
        errno = EADDRNOTAVAIL;
        return false;
    }
    const Address& address = its_row.addresses[session.address % its_row.addresses.size()];
    UniqueFd fd = dial_server(slot, address);
    if (!fd) return false;
    session.state = Connecting{std::move(fd), now_tick()};
    traffic(its_row.shared).attempts.add();
    traffic(backend(session).shared).attempts.add();
    if (session.waited_ms < 0)
        session.waited_ms = static_cast<std::int32_t>(
            std::chrono::duration_cast<milliseconds>(now_ - session.accepted).count());
    if (backend(session).connect_timeout.count() > 0)
        set_timer(slot, backend(session).connect_timeout);
    return true;
}

UniqueFd Worker::dial_server(SlotIndex slot, const Address& address) {
    Session& session = sessions_.at(slot);
    const bool plain = !row(session).outbound && address.is_ip();
    session.server_family = plain ? static_cast<std::uint8_t>(address.family()) : 0U;
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.u64 = EventKey{Source::server, session.generation, slot}.pack();
    int action = EPOLL_CTL_MOD;
    UniqueFd fd;
    if (plain) fd = spares_.take(address.family(), backend(session));
    if (fd) {
        if (!connect_to(fd.get(), address)) return {};
    } else {
        action = EPOLL_CTL_ADD;
        fd = dial(backend(session), row(session), address);
    }
    if (fd && ::epoll_ctl(epoll_.get(), action, fd.get(), &event) != 0) return {};
    return fd;
}

void Worker::connect_failed(SlotIndex slot, int error_number) {
    for (;;) {
        Session& session = sessions_.at(slot);
        report_failed_connect(session, error_number);
        traffic(row(session).shared).connect_errors.add();
        traffic(backend(session).shared).connect_errors.add();
        give_back_slot(session);
        session.state = Starting{};
        session.avoid_server = true;
        session.address = static_cast<std::uint8_t>(session.address + 1);
        const bool addresses_left = session.address < row(session).addresses.size();
        if (!addresses_left) ++session.round;
        if (session.timeouts > backend(session).retries)
            return refuse(slot, routing::EndReason::connect_timeout);
        if (!addresses_left && !may_try_again_now(session)) {
            session.round = 0;
            session.address = 0;
            return hold(slot, connect_pause);
        }
        const routing::ServerId failed = session.server;
        if (!take_server(session)) return hold(slot, connect_pause);
        session.retries = static_cast<std::uint16_t>(std::min(session.retries + 1, 65535));
        session.redispatched = session.redispatched || failed != session.server;
        count_retry(failed, session);
        if (begin_connect(slot)) return;
        error_number = errno;
    }
}

void Worker::count_retry(routing::ServerId failed, const Session& session) {
    const auto count =
        failed == session.server ? &routing::Traffic::retries : &routing::Traffic::redispatches;
    (traffic(table_->at(failed).shared).*count).add();
    (traffic(backend(session).shared).*count).add();
}

// All addresses of a name belong together: after one fails the next of the same server is tried.
bool Worker::take_next_address(Session& session) {
    const routing::ServerRow& same = row(session);
    if (session.address == 0 || session.address >= same.addresses.size() || !same.accepts ||
        !same.shared->slots.try_take(routing::limit_now(same)))
        return false;
    session.has_slot = true;
    session.chosen_from = table_->version;
    return true;
}

// Within one round each accepting server gets one try, and no more than `retries` follow the first.
bool Worker::may_try_again_now(const Session& session) const {
    if (session.round > backend(session).retries) return false;
    const auto& servers = backend(session).servers;
    const auto accepting = std::count_if(servers.begin(), servers.end(),
                                         [this](auto id) { return table_->at(id).accepts; });
    return session.round < accepting;
}

void Worker::hold(SlotIndex slot, milliseconds pause) {
    Session& session = sessions_.at(slot);
    if (!backend(session).hold && !routing::any_accepts(*table_, session.backend))
        return refuse(slot, session.avoid_server ? routing::EndReason::connect_failed
                                                 : routing::EndReason::no_server);
    routing::Shared& shared = *backend(session).shared;
    HoldQueue& queue = holds_[routing::index_of(session.backend)];
    session.has_server = session.avoid_server;
    Held held;
    held.awaits_server = session.awaits_server;
    if (held.awaits_server) {
        held.awaited = session.server;
        routing::Shared& its = *table_->at(held.awaited).shared;
        its.of(id_).waiting.add();
        its.of(id_).most_waiting.raise_to(its.total(&routing::Traffic::waiting));
    }
    if (!session.was_held) {
        session.was_held = true;
        session.held_since = now_tick();
    }
    session.released_then = static_cast<std::uint32_t>(shared.total(&routing::Traffic::released));
    held.ticket = shared.board.draw_ticket();
    held.not_before = now_tick() + static_cast<Tick>(pause.count());
    held.previous = queue.last;
    if (queue.last != no_slot)
        std::get<Held>(sessions_.at(queue.last).state).next = slot;
    else
        queue.first = slot;
    queue.last = slot;
    session.state = held;
    routing::Traffic& counted = traffic(backend(session).shared);
    counted.waiting.add();
    counted.most_waiting.raise_to(shared.total(&routing::Traffic::waiting));
    if (!session.client_watched) {
        session.client_watched =
            watch(session.client.get(), EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                  {Source::client, session.generation, slot});
        if (!session.client_watched) return end(slot, routing::EndReason::resources);
    }
    publish_oldest(session.backend);
    const milliseconds limit = backend(session).queue_timeout;
    const milliseconds elapsed{now_tick() - session.held_since};
    milliseconds wait = limit.count() > 0 ? limit - elapsed : milliseconds{1000};
    if (pause.count() > 0) wait = std::min(wait, pause);
    set_timer(slot, wait);
    // The second half of the promise in routing/waiting.h: look again after the wish is published.
    if (pause.count() == 0) own_bell_ = own_bell_ || routing::any_accepts(*table_, session.backend);
}

void Worker::leave_hold(SlotIndex slot) {
    Session& session = sessions_.at(slot);
    const Held held = std::get<Held>(session.state);
    HoldQueue& queue = holds_[routing::index_of(session.backend)];
    if (held.previous != no_slot)
        std::get<Held>(sessions_.at(held.previous).state).next = held.next;
    else
        queue.first = held.next;
    if (held.next != no_slot)
        std::get<Held>(sessions_.at(held.next).state).previous = held.previous;
    else
        queue.last = held.previous;
    if (held.awaits_server) traffic(table_->at(held.awaited).shared).waiting.subtract();
    session.awaits_server = false;
    session.state = Starting{};
    timers_.remove(slot);
    traffic(backend(session).shared).waiting.subtract();
    // HAProxy's %bq counts those who went before, and the client itself.
    const auto released = backend(session).shared->total(&routing::Traffic::released);
    session.queue_position += static_cast<std::uint32_t>(released) - session.released_then + 1;
    if (session.waited_ms < 0)
        session.waited_ms = static_cast<std::int32_t>(
            std::chrono::duration_cast<milliseconds>(now_ - session.accepted).count());
    publish_oldest(session.backend);
}

void Worker::publish_oldest(routing::BackendId id) {
    const SlotIndex first = holds_[routing::index_of(id)].first;
    routing::WaitBoard& board = table_->at(id).shared->board;
    if (first == no_slot)
        board.clear(id_);
    else
        board.publish(id_, std::get<Held>(sessions_.at(first).state).ticket);
}

// Oldest first, as long as servers have free slots and the pace allows; then the baton goes on.
void Worker::serve_held(routing::BackendId id) {
    if (!routing::any_accepts(*table_, id)) return;
    HoldQueue& queue = holds_[routing::index_of(id)];
    if (queue.first == no_slot) return;
    const SlotIndex newest =
        queue.last;  // who comes back to the queue meanwhile waits for next time
    for (SlotIndex slot = queue.first; slot != no_slot;) {
        Session& session = sessions_.at(slot);
        const Held held = std::get<Held>(session.state);
        const SlotIndex next = slot == newest ? no_slot : held.next;
        if (static_cast<std::int32_t>(held.not_before - now_tick()) <= 0) {
            release_due_ = !queue.pace.may(table_->at(id).hold_rate, now_tick());
            if (release_due_) break;
            if (take_server(session)) {
                queue.pace.went();
                // Counted before it leaves the queue: who sees nobody wait sees who was released.
                traffic(table_->at(id).shared).released.add();
                ++session.released_then;
                leave_hold(slot);
                if (!begin_connect(slot)) connect_failed(slot, errno);
            } else if (!names_servers(id)) {
                break;
            }
        }
        slot = next;
    }
    if (queue.first == no_slot) wake_next(*table_->at(id).shared);
}

void Worker::serve_all_held() {
    for (std::size_t i = 0; i < holds_.size(); ++i)
        if (holds_[i].first != no_slot)
            serve_held(static_cast<routing::BackendId>(i));
        else
            wake_next(*table_->backends[i].shared);
}

void Worker::give_back_slot(Session& session) {
    if (!session.has_slot) return;
    session.has_slot = false;
    row(session).shared->slots.give_back();
    if (!names_servers(session.backend)) return wake_next(*backend(session).shared);
    if (!backend(session).shared->board.next_worker(fellows_.channels.size())) return;
    for (const auto& channel : fellows_.channels)
        channel->ring();
}

// With `use-server` the oldest waiting client may want another server than the one that has a free
// slot: the others are asked, too, on every worker.
bool Worker::names_servers(routing::BackendId id) const {
    const auto& rules = table_->at(id).rules;
    return rules && !(rules->servers.empty() && rules->sticks.empty());
}

void Worker::wake_next(routing::Shared& shared) {
    const auto next = shared.board.next_worker(fellows_.channels.size());
    if (!next) return;
    if (*next == id_)
        own_bell_ = true;
    else
        fellows_.channels[routing::index(*next)]->ring();
}

void Worker::on_held_event(SlotIndex slot, std::uint32_t events) {
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) end(slot, routing::EndReason::client_left);
}

void Worker::on_connect_event(SlotIndex slot, std::uint32_t events) {
    Session& session = sessions_.at(slot);
    if (events & (EPOLLERR | EPOLLHUP)) {
        int error_number = 0;
        socklen_t length = sizeof error_number;
        const int fd = std::get<Connecting>(session.state).server.get();
        (void)::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error_number, &length);
        if (error_number != 0) return connect_failed(slot, error_number);
    }
    if (session.aside && session.aside->server) return shake_hands_with_server(slot);
    if (!(events & EPOLLOUT)) return;
    if (server_speaks_tls(session)) return begin_server_tls(slot);
    begin_relay(slot);
    // One edge may tell both: connected, and the server has spoken or hung up already.
    if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP)) &&
        std::holds_alternative<Relaying>(session.state))
        on_relay_event(slot, Source::server, events);
}

}  // namespace pgsteer::relay
