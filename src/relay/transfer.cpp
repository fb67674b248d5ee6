// Relaying: bytes both ways until both sides have ended, one fails, nothing moves for too long, or
// the session is cut. The client's socket is watched for room only once it was full: an idle
// session then makes no event of its own.
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "pgwire/proxy_header.h"
#include "pgwire/startup.h"
#include "relay/worker.h"

namespace pgsteer::relay {
namespace {

// An N each for TLS and GSSAPI may come before the server's first message.
constexpr std::uint64_t most_refusals = 2;

}  // namespace

void Worker::begin_relay(SlotIndex slot) {
    Session& session = sessions_.at(slot);
    const Tick connect_began = std::get<Connecting>(session.state).deadline;
    session.connecting_ms = static_cast<std::int32_t>(now_tick() - connect_began);
    UniqueFd server = std::move(std::get<Connecting>(session.state).server);
    Relaying& relaying = session.state.emplace<Relaying>();
    relaying.server = std::move(server);
    relaying.last_activity = now_tick();
    relaying.up.readable = true;
    if (row(session).outbound) announce(session, relaying);
    keep_server(session);
    begin_counting_bytes(slot);
    session.avoid_server = false;
    routing::Shared& shared = *row(session).shared;
    traffic(row(session).shared).sessions.add();
    traffic(row(session).shared).most_sessions.raise_to(shared.slots.taken());
    const auto second = static_cast<std::uint64_t>(
        std::chrono::duration_cast<seconds>(now_.time_since_epoch()).count() + 1);
    traffic(row(session).shared).last_session.set(second);
    traffic(backend(session).shared).last_session.set(second);
    set_timer(slot, relay_timeout(session, relaying));
    tell_connected(session);
    if (!pump_up(slot)) return;
    if (!relaying.up.source_ended) watch_client(slot);
}

// The header is the first of what waits for the server; the client's bytes come after it.
void Worker::announce(const Session& session, Relaying& relaying) {
    const Announcement& announcement = row(session).outbound->announcement;
    if (!announcement.any() || server_speaks_tls(session)) return;  // said before TLS
    const std::string header =
        pgwire::proxy_header(announcement, address_of(session.peer), called_by(session));
    static_assert(pgwire::longest_own_header <= chunk_size);
    relaying.up.unsent = chunks_.take();
    std::memcpy(relaying.up.unsent->bytes, header.data(), header.size());
    relaying.up.begin = 0;
    relaying.up.end = static_cast<std::uint32_t>(header.size());
}

void Worker::watch_client(SlotIndex slot) {
    Session& session = sessions_.at(slot);
    if (session.client_watched) return;
    // TLS may have to write at any time.
    const std::uint32_t room = listeners_[session.listener].listener->tls ? EPOLLOUT : 0U;
    session.client_watched = watch(session.client.get(), EPOLLIN | room | EPOLLRDHUP | EPOLLET,
                                   {Source::client, session.generation, slot});
    if (!session.client_watched) end(slot, routing::EndReason::resources);
}

void Worker::wait_for_room(SlotIndex slot, Source sink) {
    if (sink == Source::server) return;  // watched for room since its connect
    Session& session = sessions_.at(slot);
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.u64 = EventKey{Source::client, session.generation, slot}.pack();
    const int action = session.client_watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    session.client_watched = true;
    if (::epoll_ctl(epoll_.get(), action, session.client.get(), &event) != 0)
        end(slot, routing::EndReason::resources);
}

void Worker::on_relay_event(SlotIndex slot, Source source, std::uint32_t events) {
    Session& session = sessions_.at(slot);
    if (session.any_tls()) [[unlikely]]
        return on_tls_event(slot, source, events);
    Relaying& relaying = std::get<Relaying>(session.state);
    relaying.last_activity = now_tick();
    const bool from_client = source == Source::client;
    Pipe& outgoing = from_client ? relaying.up : relaying.down;
    Pipe& incoming = from_client ? relaying.down : relaying.up;
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) outgoing.readable = true;
    if (!take_hang_up(slot, source, events)) return;
    if (outgoing.readable && !outgoing.unsent && !outgoing.sink_ended)
        if (!(from_client ? pump_up(slot) : pump_down(slot))) return;
    if ((events & EPOLLOUT) && incoming.unsent) {
        if (from_client)
            pump_down(slot);
        else
            pump_up(slot);
    }
}

// False: the session has ended.
bool Worker::take_hang_up(SlotIndex slot, Source source, std::uint32_t events) {
    if (!(events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))) [[likely]]
        return true;
    Session& session = sessions_.at(slot);
    Relaying& relaying = std::get<Relaying>(session.state);
    const bool from_client = source == Source::client;
    Pipe& outgoing = from_client ? relaying.up : relaying.down;
    if (events & (EPOLLRDHUP | EPOLLHUP)) {
        outgoing.hang_up = true;
        if (from_client && !relaying.client_gone) {
            relaying.client_gone = true;
            set_timer(slot, relay_timeout(session, relaying));
        }
    }
    // A vanished client's last bytes cannot reach a server that takes none.
    if (!from_client || !(events & EPOLLERR) || !outgoing.unsent) return true;
    end(slot, routing::EndReason::client_reset);
    return false;
}

Pumped Worker::pump_once(Session& session, Source from) {
    Relaying& relaying = std::get<Relaying>(session.state);
    const bool up = from == Source::client;
    const int client = session.client.get(), server = relaying.server.get();
    Pipe& pipe = up ? relaying.up : relaying.down;
    const PumpEnds ends = up ? PumpEnds{client, server, relaying.down.sink_ended}
                             : PumpEnds{server, client, relaying.up.sink_ended};
    const std::span<std::byte, chunk_size> buffer(buffer_->bytes);
    if (!session.any_tls()) [[likely]]
        return pump(pipe, ends, buffer, chunks_);
    tls::End* const of_client = session.aside->client.get();
    tls::End* const of_server = session.aside->server.get();
    return pump(pipe, ends,
                up ? TlsPumpEnds{of_client, of_server} : TlsPumpEnds{of_server, of_client}, buffer,
                chunks_);
}

bool Worker::pump_up(SlotIndex slot) {
    Session& session = sessions_.at(slot);
    Relaying& relaying = std::get<Relaying>(session.state);
    const std::uint64_t before = relaying.up.bytes;
    const Pumped pumped = pump_once(session, Source::client);
    const int error_number = errno;
    const std::uint64_t moved = relaying.up.bytes - before;
    traffic(row(session).shared).bytes_in.add(moved);
    traffic(backend(session).shared).bytes_in.add(moved);
    traffic(frontend(session).shared).bytes_in.add(moved);
    if (const auto& own = counted_listener(session)) traffic(own).bytes_in.add(moved);
    errno = error_number;
    return pumped == Pumped::drained || after_pump(slot, pumped, Source::client);
}

// Seen once a session, in the bytes just relayed. Within TLS it is not to be seen.
void Worker::look_for_password_request(Relaying& relaying, std::uint64_t moved) const {
    const std::span<const std::byte> bytes(buffer_->bytes,
                                           std::min<std::uint64_t>(moved, chunk_size));
    if (pgwire::asks_for_login(bytes))
        relaying.asked_at = static_cast<std::uint32_t>(relaying.up.bytes) + 1;
}

bool Worker::pump_down(SlotIndex slot) {
    Session& session = sessions_.at(slot);
    Relaying& relaying = std::get<Relaying>(session.state);
    const std::uint64_t before = relaying.down.bytes;
    const Pumped pumped = pump_once(session, Source::server);
    const int error_number = errno;
    const std::uint64_t moved = relaying.down.bytes - before;
    if (before <= most_refusals && moved > 0) look_for_password_request(relaying, moved);
    traffic(row(session).shared).bytes_out.add(moved);
    traffic(backend(session).shared).bytes_out.add(moved);
    traffic(frontend(session).shared).bytes_out.add(moved);
    if (const auto& own = counted_listener(session)) traffic(own).bytes_out.add(moved);
    errno = error_number;
    return pumped == Pumped::drained || after_pump(slot, pumped, Source::server);
}

bool Worker::after_pump(SlotIndex slot, Pumped pumped, Source from) {
    const bool from_client = from == Source::client;
    Session& session = sessions_.at(slot);
    switch (pumped) {
        case Pumped::drained:
            return true;
        case Pumped::blocked:
            wait_for_room(slot, from_client ? Source::server : Source::client);
            return session.in_use;
        case Pumped::unfinished:
            unfinished_.push_back({from, session.generation, slot});
            return true;
        case Pumped::ended:
            return on_ended_pipe(slot, from);
        case Pumped::source_failed:
            end(slot,
                from_client ? routing::EndReason::client_reset : routing::EndReason::server_reset);
            return false;
        case Pumped::sink_failed:
            break;
    }
    if (!from_client) {
        end(slot, routing::EndReason::client_reset);
        return false;
    }
    // The server has hung up, but its last words (a FATAL message) may still be unread.
    Relaying& relaying = std::get<Relaying>(session.state);
    relaying.down.readable = true;
    if (!relaying.down.unsent && !relaying.down.sink_ended)
        (void)pump_once(session, Source::server);
    end(slot, relaying.down.source_ended ? routing::EndReason::server_closed
                                         : routing::EndReason::server_reset);
    return false;
}

bool Worker::on_ended_pipe(SlotIndex slot, Source from) {
    Session& session = sessions_.at(slot);
    Relaying& relaying = std::get<Relaying>(session.state);
    if (relaying.up.sink_ended && relaying.down.sink_ended) {
        end(slot, relaying.server_ended_first ? routing::EndReason::server_closed
                                              : routing::EndReason::client_closed);
        return false;
    }
    if (from == Source::server) {
        relaying.server_ended_first = true;
        // PostgreSQL never half-closes: its backend is gone and no longer counts.
        give_back_slot(session);
        if (!session.client_watched) watch_client(slot);
        if (!session.in_use) return false;
    } else {
        relaying.client_gone = true;
    }
    set_timer(slot, relay_timeout(session, relaying));
    return true;
}

void Worker::on_relay_timer(SlotIndex slot) {
    Session& session = sessions_.at(slot);
    const Relaying& relaying = std::get<Relaying>(session.state);
    const milliseconds idle{now_tick() - relaying.last_activity};
    const milliseconds limit = relay_timeout(session, relaying);
    if (idle < limit) return set_timer(slot, limit - idle);
    const milliseconds client = frontend(session).client_timeout;
    const milliseconds server = backend(session).server_timeout;
    const bool half_closed = relaying.client_gone || relaying.down.source_ended;
    const bool unbounded =
        client.count() == 0 && server.count() == 0 && backend(session).tunnel_timeout.count() == 0;
    if (!half_closed && unbounded) return set_timer(slot, limit);
    const bool on_client = relaying.client_gone ? false
                           : relaying.down.source_ended
                               ? true
                               : client.count() > 0 && (server.count() == 0 || client <= server);
    end(slot, on_client ? routing::EndReason::client_timeout : routing::EndReason::server_timeout);
}

// How long nothing may move. Where no bound is set: an hour, after which it is looked at again.
milliseconds Worker::relay_timeout(const Session& session, const Relaying& relaying) const {
    const milliseconds client = frontend(session).client_timeout;
    const milliseconds server = backend(session).server_timeout;
    if (relaying.client_gone) {
        const milliseconds fin = backend(session).server_fin_timeout;
        return fin.count() > 0 ? fin : default_fin_timeout;
    }
    if (relaying.down.source_ended) {
        const milliseconds fin = frontend(session).client_fin_timeout;
        return fin.count() > 0 ? fin : default_fin_timeout;
    }
    if (const milliseconds tunnel = backend(session).tunnel_timeout; tunnel.count() > 0)
        return tunnel;
    if (client.count() == 0 && server.count() == 0) return std::chrono::hours(1);
    if (client.count() == 0 || server.count() == 0) return std::max(client, server);
    return std::min(client, server);
}

}  // namespace pgsteer::relay
