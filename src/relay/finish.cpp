// How a session ends: a client that gets no server is told so in PostgreSQL's own words; end() is
// the one place where a session's slots, timers and sockets are given back.
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "pgwire/error_response.h"
#include "pgwire/startup.h"
#include "relay/worker.h"
#include "routing/choose.h"

namespace pgsteer::relay {
namespace {

// close() then sends RST and drops what the peer has not taken: a fenced server gets no late write.
void reset_on_close(const UniqueFd& fd) {
    const linger now{1, 0};
    (void)::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

routing::Phase phase_of(const Session& session) {
    if (std::holds_alternative<Relaying>(session.state)) {
        const auto& relaying = std::get<Relaying>(session.state);
        return relaying.up.source_ended || relaying.down.source_ended ? routing::Phase::last
                                                                      : routing::Phase::data;
    }
    if (std::holds_alternative<Inspecting>(session.state)) return routing::Phase::request;
    // Who was refused without a wait was, for HAProxy, about to be connected.
    if (std::holds_alternative<Closing>(session.state) && !session.was_held)
        return routing::Phase::connect;
    return std::holds_alternative<Connecting>(session.state) ? routing::Phase::connect
                                                             : routing::Phase::queue;
}

}  // namespace

void Worker::refuse(SlotIndex slot, routing::EndReason reason) {
    Session& session = sessions_.at(slot);
    if (std::holds_alternative<Held>(session.state)) leave_hold(slot);
    give_back_slot(session);
    session.state = Closing{reason, false, now_tick()};
    traffic(backend(session).shared).refused.add();
    traffic(frontend(session).shared).refused.add();
    watch_client(slot);
    if (!session.in_use) return;
    set_timer(slot, refusal_limit);
    answer_first_packet(slot);
}

void Worker::on_closing_event(SlotIndex slot, std::uint32_t events) {
    Session& session = sessions_.at(slot);
    const Closing closing = std::get<Closing>(session.state);
    if (events & (EPOLLERR | EPOLLHUP)) return end(slot, closing.reason);
    if (!closing.told) return answer_first_packet(slot);
    for (;;) {
        const ssize_t got = read_client(session, buffer_->bytes);
        if (got > 0 || (got < 0 && errno == EINTR)) continue;
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
        return end(slot, closing.reason);
    }
}

// An SSLRequest is answered with N: an error at this point would be hidden by libpq since 15.9 and
// its siblings (CVE-2024-10977), whereas sslmode=prefer goes on in clear text and then shows ours.
void Worker::answer_first_packet(SlotIndex slot) {
    Session& session = sessions_.at(slot);
    Closing& closing = std::get<Closing>(session.state);
    for (;;) {
        std::byte head[pgwire::first_packet_head];
        const ssize_t got = peek_client(session, head);
        if (got == 0) return end(slot, closing.reason);
        if (got < 0) {
            if (errno == EINTR) continue;
            if (errno == EAGAIN || errno == EWOULDBLOCK) return;
            return end(slot, closing.reason);
        }
        const auto packet = pgwire::classify({head, static_cast<std::size_t>(got)});
        if (packet == pgwire::FirstPacket::incomplete) return;
        if (packet == pgwire::FirstPacket::ssl_request ||
            packet == pgwire::FirstPacket::gss_request) {
            (void)read_client(session, head);
            if (write_client(session, "N") != 1) return end(slot, closing.reason);
            continue;
        }
        if (packet != pgwire::FirstPacket::startup) return end(slot, closing.reason);
        const std::string message = refusal(session, closing.reason);
        // Some hundred bytes into an empty socket buffer: it takes all or is broken.
        (void)write_client(session, message);
        end_client(session);
        closing.told = true;
        return on_closing_event(slot, EPOLLIN);
    }
}

std::string Worker::refusal(const Session& session, routing::EndReason reason) const {
    const routing::BackendRow& back = backend(session);
    const auto accepting =
        std::count_if(back.servers.begin(), back.servers.end(),
                      [this](routing::ServerId id) { return table_->at(id).accepts; });
    const auto waited = std::chrono::duration_cast<milliseconds>(now_ - session.accepted).count();
    if (reason == routing::EndReason::no_backend) {
        const std::string text =
            fmt::format("pgsteer: no use_backend rule of \"{}\" holds now", frontend(session).name);
        return pgwire::fatal_error({"57P03", text, "It has no default_backend."});
    }
    if (reason == routing::EndReason::connect_failed ||
        reason == routing::EndReason::connect_timeout) {
        const std::string text = fmt::format(
            "pgsteer: could not connect to any server of \"{}\" (last tried {}) within {} ms",
            back.name, row(session).name, waited);
        return pgwire::fatal_error({"57P03", text, "Is PostgreSQL running there?"});
    }
    if (accepting == 0) {
        const std::string text =
            fmt::format("pgsteer: none of the {} servers of \"{}\" is fit; waited {} ms",
                        back.servers.size(), back.name, waited);
        return pgwire::fatal_error({"57P03", text, "The status page says why."});
    }
    const std::string text =
        fmt::format("pgsteer: all {} usable servers of \"{}\" are at their maxconn; waited {} ms",
                    accepting, back.name, waited);
    return pgwire::fatal_error({"53300", text, "Raise maxconn of the servers or timeout queue."});
}

// Rejected before anything was said: no line in the log, as in HAProxy.
void Worker::drop(SlotIndex slot, Dropped how) {
    Session& session = sessions_.at(slot);
    if (how == Dropped::by_reset) reset_on_close(session.client);
    release_tracked(session);
    session.client.reset();
    timers_.remove(slot);
    give_back_accept_slots(session.frontend);
    leave_listener(session);
    sessions_.give_back(slot);
}

void Worker::leave_listener(const Session& session) {
    --listeners_[session.listener].sessions;
    let_go(session.listener);
}

// Ours was closed first, the server's followed, all was read: then its socket can serve another.
void Worker::close_server(const Session& session, Relaying& relaying, routing::EndReason reason) {
    const bool over = reason == routing::EndReason::client_closed && relaying.up.sink_ended &&
                      relaying.down.source_ended;
    if (over && session.server_family != 0)
        spares_.keep(std::move(relaying.server), session.server_family, backend(session), now_);
    relaying.server.reset();
}

void Worker::end(SlotIndex slot, routing::EndReason reason) {
    using routing::EndReason;
    Session& session = sessions_.at(slot);
    const routing::Phase phase = phase_of(session);
    const routing::LogNeeds& log = frontend(session).log;
    const bool is_told = log.at_end && (log.empty_sessions || !is_silent(session));
    routing::SessionEnded facts;
    if (std::holds_alternative<Held>(session.state)) leave_hold(slot);
    if (is_told) facts = facts_for_log(session, routing::Moment::ended);
    timers_.remove(slot);
    release_tracked(session);
    if (auto* relaying = std::get_if<Relaying>(&session.state)) {
        // It comes again with the password: this was no session yet.
        const bool asked = relaying->asked_at > 0 && relaying->up.bytes + 1 == relaying->asked_at;
        if (asked && (reason == EndReason::client_closed || reason == EndReason::client_reset))
            routing::give_back_turn(*table_, session.server);
        if (reason != EndReason::client_closed && reason != EndReason::server_closed &&
            reason != EndReason::server_reset)
            reset_on_close(relaying->server);
        if (relaying->up.unsent) chunks_.give_back(std::move(relaying->up.unsent));
        if (relaying->down.unsent) chunks_.give_back(std::move(relaying->down.unsent));
        close_server(session, *relaying, reason);
    }
    if (reason == EndReason::server_reset) reset_on_close(session.client);
    if (reason == EndReason::cut) traffic(row(session).shared).cut.add();
    session.client.reset();
    const routing::FrontendId front = session.frontend;
    count_end(session, reason);
    give_back_slot(session);
    if (session.counts_in_backend) backend(session).shared->slots.give_back();
    if (const auto& own = counted_listener(session)) own->slots.give_back();
    give_back_accept_slots(front);
    if (is_told) {
        facts.reason = reason;
        facts.phase = phase;
        channel_.report(facts, fellows_.bell);
    }
    leave_listener(session);
    sessions_.give_back(slot);
}

// Whose fault it was, and how long things took: stream_update_time_stats and the end of
// process_stream in HAProxy's src/stream.c.
void Worker::count_end(const Session& session, routing::EndReason reason) {
    using routing::EndReason;
    const auto count = [&](routing::Cell routing::Traffic::*cell) {
        (traffic(frontend(session).shared).*cell).add();
        (traffic(backend(session).shared).*cell).add();
        if (session.has_server) (traffic(row(session).shared).*cell).add();
    };
    if (reason == EndReason::client_reset || reason == EndReason::client_timeout ||
        reason == EndReason::client_left)
        count(&routing::Traffic::client_aborts);
    if (reason == EndReason::server_reset || reason == EndReason::server_timeout)
        count(&routing::Traffic::server_aborts);
    if (!session.has_server || session.connecting_ms < 0) return;
    const auto total = std::chrono::duration_cast<milliseconds>(now_ - session.accepted).count();
    const routing::Times::Sample sample{
        static_cast<std::uint64_t>(std::max(session.waited_ms, 0)),
        static_cast<std::uint64_t>(session.connecting_ms),
        static_cast<std::uint64_t>(std::max<std::int64_t>(total, 0))};
    traffic(row(session).shared).times.add(sample);
    traffic(backend(session).shared).times.add(sample);
}

void Worker::end_all(routing::EndReason reason) {
    for (SlotIndex slot = 0; slot < sessions_.size(); ++slot)
        if (sessions_.at(slot).in_use) end(slot, reason);
}

}  // namespace pgsteer::relay
