// What the log is told of a session, where its frontend's log wants it: gathered before the session
// gives back what it has, sent up as a Report.
#include <sys/socket.h>

#include "relay/worker.h"

namespace pgsteer::relay {

// HAProxy's counts (src/log.c): the process's and the frontend's with this session; the backend's
// and the server's without it when it ends, with it before.
routing::SessionEnded Worker::facts_for_log(const Session& session, routing::Moment moment) const {
    const routing::LogNeeds& log = frontend(session).log;
    routing::SessionEnded facts;
    facts.moment = moment;
    facts.told = session.told;
    facts.level = session.log_level;
    if (const auto* relaying = std::get_if<Relaying>(&session.state)) {
        facts.bytes_in = relaying->up.bytes;
        facts.bytes_out = relaying->down.bytes;
        if (log.source && relaying->server)
            facts.source = Address::local_of(relaying->server.get());
    }
    if (session.aside) facts.captured = session.aside->captured;
    facts.client = address_of(session.peer);
    if (log.destination) facts.destination = called_by(session);
    facts.listener = listeners_[session.listener].listener->id;
    facts.number = session.number;
    facts.frontend = session.frontend;
    facts.backend = session.backend;
    facts.has_server = session.has_server;
    facts.server = session.server;
    facts.total = std::chrono::duration_cast<milliseconds>(now_ - session.accepted);
    facts.accepted = std::chrono::system_clock::now() -
                     std::chrono::duration_cast<std::chrono::system_clock::duration>(
                         Clock::now() - session.accepted);
    facts.handshake = milliseconds(session.handshake_ms);
    facts.waited = milliseconds(session.waited_ms);
    facts.connecting = milliseconds(session.connecting_ms);
    facts.retries = session.retries;
    facts.redispatched = session.redispatched;
    facts.queue_position = session.queue_position;
    const bool ends = moment == routing::Moment::ended;
    const auto others = [ends](const routing::Shared& shared, bool counted) {
        const std::uint32_t taken = shared.slots.taken();
        return ends && counted && taken > 0 ? taken - 1 : taken;
    };
    facts.process_sessions = table_->shared->slots.taken();
    facts.frontend_sessions = frontend(session).shared->slots.taken();
    facts.backend_sessions = others(*backend(session).shared, session.counts_in_backend);
    if (!session.has_server) return facts;
    facts.server_sessions = others(*row(session).shared, session.has_slot);
    const auto& addresses = row(session).addresses;
    if (!addresses.empty()) facts.server_address = addresses[session.address % addresses.size()];
    return facts;
}

void Worker::tell_accepted(const Session& session) {
    if (frontend(session).log.at_accept)
        channel_.report(facts_for_log(session, routing::Moment::accepted), fellows_.bell);
}

void Worker::tell_connected(Session& session) {
    if (!frontend(session).log.at_connect) return;
    channel_.report(facts_for_log(session, routing::Moment::connected), fellows_.bell);
    session.told = true;
}

// Its client sent nothing, as far as is known: what was not read yet counts, too.
bool Worker::is_silent(const Session& session) {
    if (const auto* relaying = std::get_if<Relaying>(&session.state))
        return relaying->up.bytes == 0 && !relaying->up.unsent;
    if (const auto* closing = std::get_if<Closing>(&session.state); closing && closing->told)
        return false;
    char byte = 0;
    return ::recv(session.client.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) <= 0;
}

}  // namespace pgsteer::relay
