#include "relay/pipe.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "tls/end.h"

namespace pgsteer::relay {
namespace {

struct PlainEnd {
    int fd;
    // A short read means the socket is empty and the next byte makes a new edge (epoll(7)).
    static constexpr bool short_means_empty = true;
    ssize_t read(std::span<std::byte> room) const {
        return ::recv(fd, room.data(), room.size(), MSG_DONTWAIT);
    }
    ssize_t write(std::span<const std::byte> bytes) const {
        return ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    bool say_end() const { return true; }
};

struct EitherEnd {
    int fd;
    tls::End* tls;
    static constexpr bool short_means_empty = false;
    ssize_t read(std::span<std::byte> room) const {
        return tls != nullptr ? tls->read(room) : PlainEnd{fd}.read(room);
    }
    ssize_t write(std::span<const std::byte> bytes) const {
        return tls != nullptr ? tls->write(bytes) : PlainEnd{fd}.write(bytes);
    }
    // False: not yet. A broken one has nobody left to be told.
    bool say_end() const { return tls == nullptr || tls->say_end() != tls::End::Step::waits; }
};

enum class Flushed { all, blocked, failed };

// write() until everything is out or the sink is full; `begin` moves on.
template <class End>
Flushed send_bytes(const End& to, const std::byte* bytes, std::uint32_t& begin, std::uint32_t end) {
    while (begin < end) {
        const ssize_t sent = to.write({bytes + begin, end - begin});
        if (sent >= 0) {
            begin += static_cast<std::uint32_t>(sent);
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return Flushed::blocked;
        } else if (errno != EINTR) {
            return Flushed::failed;
        }
    }
    return Flushed::all;
}

template <class End>
Flushed flush_rest(Pipe& pipe, const End& to, ChunkPool& pool) {
    if (!pipe.unsent) return Flushed::all;
    const Flushed flushed = send_bytes(to, pipe.unsent->bytes, pipe.begin, pipe.end);
    if (flushed == Flushed::all) pool.give_back(std::move(pipe.unsent));
    return flushed;
}

template <class End>
Flushed send_fresh(Pipe& pipe, const End& to, std::span<const std::byte> bytes, ChunkPool& pool) {
    std::uint32_t begin = 0;
    const auto end = static_cast<std::uint32_t>(bytes.size());
    const Flushed flushed = send_bytes(to, bytes.data(), begin, end);
    if (flushed == Flushed::blocked) {
        pipe.unsent = pool.take();
        pipe.begin = 0;
        pipe.end = end - begin;
        std::memcpy(pipe.unsent->bytes, bytes.data() + begin, pipe.end);
    }
    return flushed;
}

template <class End>
Pumped pass_on_end(Pipe& pipe, const End& to, bool closes_next) {
    if (!pipe.sink_ended) {
        if (!to.say_end()) return Pumped::blocked;
        pipe.sink_ended = true;
        // ENOTCONN: the sink is gone already, its own event tells.
        if (!closes_next) (void)::shutdown(to.fd, SHUT_WR);
    }
    return Pumped::ended;
}

template <class End>
Pumped pump_between(Pipe& pipe, const End& from, const End& to, bool closes_next,
                    std::span<std::byte, chunk_size> buffer, ChunkPool& pool) {
    switch (flush_rest(pipe, to, pool)) {
        case Flushed::blocked:
            return Pumped::blocked;
        case Flushed::failed:
            return Pumped::sink_failed;
        case Flushed::all:
            break;
    }
    for (int reads = 0; !pipe.source_ended; ++reads) {
        if (!pipe.readable) return Pumped::drained;
        if (reads == reads_per_turn) return Pumped::unfinished;
        const ssize_t got = from.read(buffer);
        if (got < 0) {
            if (errno == EINTR) continue;
            if (errno != EAGAIN && errno != EWOULDBLOCK) return Pumped::source_failed;
            pipe.readable = false;
            return Pumped::drained;
        }
        if (got == 0) {
            pipe.source_ended = true;
            break;
        }
        const auto size = static_cast<std::size_t>(got);
        pipe.bytes += size;
        // The FIN that is in there already makes no edge.
        if (End::short_means_empty && size < buffer.size() && !pipe.hang_up) pipe.readable = false;
        const Flushed flushed = send_fresh(pipe, to, buffer.first(size), pool);
        if (flushed == Flushed::failed) return Pumped::sink_failed;
        if (flushed == Flushed::blocked) return Pumped::blocked;
    }
    return pass_on_end(pipe, to, closes_next);
}

}  // namespace

Pumped pump(Pipe& pipe, PumpEnds ends, std::span<std::byte, chunk_size> buffer, ChunkPool& pool) {
    return pump_between(pipe, PlainEnd{ends.from}, PlainEnd{ends.to}, ends.closes_next, buffer,
                        pool);
}

Pumped pump(Pipe& pipe, PumpEnds ends, TlsPumpEnds tls, std::span<std::byte, chunk_size> buffer,
            ChunkPool& pool) {
    return pump_between(pipe, EitherEnd{ends.from, tls.from}, EitherEnd{ends.to, tls.to},
                        ends.closes_next, buffer, pool);
}

}  // namespace pgsteer::relay
