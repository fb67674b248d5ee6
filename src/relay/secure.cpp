// TLS of a session: the handshake with its server, which is part of connecting, and with its
// client, which is a step of being admitted; and what is said to a client by whichever way it
// speaks. Bytes then go through the same pipes as everybody's.
#include <sys/socket.h>

#include <cerrno>

#include "pgwire/proxy_header.h"
#include "relay/worker.h"

namespace pgsteer::relay {

bool Worker::server_speaks_tls(const Session& session) const {
    const auto& outbound = row(session).outbound;
    return outbound && outbound->tls;
}

// The PROXY header goes before TLS, as HAProxy's.
void Worker::begin_server_tls(SlotIndex slot) {
    Session& session = sessions_.at(slot);
    const routing::Outbound& outbound = *row(session).outbound;
    const int fd = std::get<Connecting>(session.state).server.get();
    if (outbound.announcement.any()) {
        const std::string header = pgwire::proxy_header(
            outbound.announcement, address_of(session.peer), called_by(session));
        // Some hundred bytes into an empty socket buffer: it takes all or is broken.
        const ssize_t sent = ::send(fd, header.data(), header.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent != static_cast<ssize_t>(header.size()))
            return connect_failed(slot, sent < 0 ? errno : EPIPE);
    }
    Aside& aside = session.put_aside();
    aside.server = tls::End::connecting(outbound.tls, fd, server_name(session));
    if (!aside.server) return connect_failed(slot, ENOMEM);
    shake_hands_with_server(slot);
}

// What `sni` says for this client; empty: nothing.
std::string Worker::server_name(const Session& session) {
    const auto& sample = row(session).outbound->server_name;
    if (!sample) return "";
    routing::Facts facts = facts_of(session, true);
    facts.bytes = peek(session);
    const routing::Sampled sampled = sample->fetch(facts, sample->arguments);
    if (!sampled.value) return "";
    if (const auto* const text = std::get_if<std::string_view>(&*sampled.value))
        return std::string(*text);
    const auto* const address = std::get_if<Address>(&*sampled.value);
    return address != nullptr ? address->host() : "";
}

void Worker::shake_hands_with_server(SlotIndex slot) {
    Session& session = sessions_.at(slot);
    switch (session.aside->server->shake_hands()) {
        case tls::End::Step::waits:
            return;
        case tls::End::Step::failed:
            return connect_failed(slot, EPROTO);
        case tls::End::Step::done:
            break;
    }
    begin_relay(slot);
    // What the server said meanwhile may be within TLS already, where no event tells of it.
    if (std::holds_alternative<Relaying>(session.state))
        on_relay_event(slot, Source::server, EPOLLIN | EPOLLOUT);
}

// A failed connect as evidence; its TLS, if it came so far, ends here.
void Worker::report_failed_connect(Session& session, int error_number) {
    routing::ConnectFailed failed{
        .server = session.server, .error_number = error_number, .at = now_};
    if (session.aside && session.aside->server) {
        const tls::Trouble& trouble = session.aside->server->trouble();
        failed.by_tls = true;
        failed.tls_code = trouble.code;
        failed.tls_verified = trouble.verified;
        if (error_number == EPROTO) failed.error_number = trouble.error_number;
        session.aside->server.reset();
    }
    channel_.report(failed, fellows_.bell);
}

Worker::Progress Worker::take_handshake(SlotIndex slot) {
    Session& session = sessions_.at(slot);
    const auto& incoming = listeners_[session.listener].listener->tls;
    if (!incoming) return Progress::done;
    Aside& aside = session.put_aside();
    if (!aside.client) aside.client = tls::End::accepting(incoming, session.client.get());
    const auto step = aside.client ? aside.client->shake_hands() : tls::End::Step::failed;
    if (step == tls::End::Step::done) return Progress::done;
    if (step == tls::End::Step::waits && !std::get<Inspecting>(session.state).bytes_over)
        return Progress::lacking;
    end(slot, routing::EndReason::tls_failed);
    return Progress::gone;
}

// TLS may want to read to write and to write to read: after any event of either side both ways are
// tried, as far as they have something to do.
void Worker::on_tls_event(SlotIndex slot, Source source, std::uint32_t events) {
    Session& session = sessions_.at(slot);
    Relaying& relaying = std::get<Relaying>(session.state);
    relaying.last_activity = now_tick();
    const bool from_client = source == Source::client;
    Pipe& outgoing = from_client ? relaying.up : relaying.down;
    Pipe& incoming = from_client ? relaying.down : relaying.up;
    outgoing.readable = true;
    if (!take_hang_up(slot, source, events)) return;
    if (!outgoing.sink_ended)
        if (!(from_client ? pump_up(slot) : pump_down(slot))) return;
    if (!incoming.sink_ended) {
        if (from_client)
            pump_down(slot);
        else
            pump_up(slot);
    }
}

ssize_t Worker::peek_client(const Session& session, std::span<std::byte> room) {
    if (!session.client_speaks_tls())
        return ::recv(session.client.get(), room.data(), room.size(), MSG_PEEK | MSG_DONTWAIT);
    tls::End& end = *session.aside->client;
    const auto bytes = end.peek(room.size());
    const std::size_t size = std::min(bytes.size(), room.size());
    std::copy_n(bytes.begin(), size, room.begin());
    if (size > 0) return static_cast<ssize_t>(size);
    errno = end.broken() ? EPROTO : EAGAIN;
    return end.at_end() ? 0 : -1;
}

ssize_t Worker::read_client(const Session& session, std::span<std::byte> room) {
    if (session.client_speaks_tls()) return session.aside->client->read(room);
    return ::recv(session.client.get(), room.data(), room.size(), MSG_DONTWAIT);
}

ssize_t Worker::write_client(const Session& session, std::string_view text) {
    if (session.client_speaks_tls())
        return session.aside->client->write(std::as_bytes(std::span(text)));
    return ::send(session.client.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

void Worker::end_client(const Session& session) {
    if (session.client_speaks_tls()) (void)session.aside->client->say_end();
    (void)::shutdown(session.client.get(), SHUT_WR);
}

}  // namespace pgsteer::relay
