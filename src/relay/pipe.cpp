#include "relay/pipe.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace pgsteer::relay {
namespace {

enum class Flushed { all, blocked, failed };

// send() until everything is out or the sink is full; `begin` moves on.
Flushed send_bytes(int to, const std::byte* bytes, std::uint32_t& begin, std::uint32_t end) {
    while (begin < end) {
        const ssize_t sent = ::send(to, bytes + begin, end - begin, MSG_NOSIGNAL | MSG_DONTWAIT);
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

Flushed flush_rest(Pipe& pipe, int to, ChunkPool& pool) {
    if (!pipe.unsent) return Flushed::all;
    const Flushed flushed = send_bytes(to, pipe.unsent->bytes, pipe.begin, pipe.end);
    if (flushed == Flushed::all) pool.give_back(std::move(pipe.unsent));
    return flushed;
}

Flushed send_fresh(Pipe& pipe, int to, std::span<const std::byte> bytes, ChunkPool& pool) {
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

Pumped pass_on_end(Pipe& pipe, const PumpEnds& ends) {
    if (!pipe.sink_ended) {
        pipe.sink_ended = true;
        // ENOTCONN: the sink is gone already, its own event tells.
        if (!ends.closes_next) (void)::shutdown(ends.to, SHUT_WR);
    }
    return Pumped::ended;
}

}  // namespace

Pumped pump(Pipe& pipe, PumpEnds ends, std::span<std::byte, chunk_size> buffer, ChunkPool& pool) {
    switch (flush_rest(pipe, ends.to, pool)) {
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
        const ssize_t got = ::recv(ends.from, buffer.data(), buffer.size(), MSG_DONTWAIT);
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
        // A short read means the socket is empty and the next byte makes a new edge (epoll(7)),
        // unless the FIN is in there already: it makes none.
        if (size < buffer.size() && !pipe.hang_up) pipe.readable = false;
        const Flushed flushed = send_fresh(pipe, ends.to, buffer.first(size), pool);
        if (flushed == Flushed::failed) return Pumped::sink_failed;
        if (flushed == Flushed::blocked) return Pumped::blocked;
    }
    return pass_on_end(pipe, ends);
}

}  // namespace pgsteer::relay
