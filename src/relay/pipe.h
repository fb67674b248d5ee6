// Pipe: one direction of a session. Bytes go from socket to socket through the worker's one buffer;
// only what the sink did not take is kept, in a chunk of its own, and while there is such a rest
// the source is not read: that is the back-pressure. Owned by a session; one worker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace pgsteer::tls {
class End;
}

namespace pgsteer::relay {

// One read's worth. 64 KiB: twice the usual socket read of a bulk COPY, still inside the L2 cache.
inline constexpr std::size_t chunk_size = 64 * 1024;
// Reads of one pipe in a row before the others get their turn.
inline constexpr int reads_per_turn = 8;

struct Chunk {
    std::byte bytes[chunk_size];
};

// Keeps a few chunks for the next slow sink, so that the relay path does not allocate under load.
class ChunkPool {
  public:
    static constexpr std::size_t most_idle = 64;
    std::unique_ptr<Chunk> take() {
        if (idle_.empty()) return std::make_unique<Chunk>();
        auto chunk = std::move(idle_.back());
        idle_.pop_back();
        return chunk;
    }
    void give_back(std::unique_ptr<Chunk> chunk) {
        if (idle_.size() < most_idle) idle_.push_back(std::move(chunk));
    }

  private:
    std::vector<std::unique_ptr<Chunk>> idle_;
};

struct Pipe {
    std::unique_ptr<Chunk> unsent;  // null while nothing waits for the sink
    std::uint32_t begin = 0;        // the unsent bytes are [begin, end)
    std::uint32_t end = 0;
    std::uint64_t bytes = 0;    // read from the source
    bool readable = false;      // the source may have bytes (edge seen, not drained yet)
    bool hang_up = false;       // the source's FIN is known to be there; read until it shows
    bool source_ended = false;  // the FIN was read
    bool sink_ended = false;    // the sink was told (SHUT_WR)
};

enum class Pumped : std::uint8_t {
    drained,        // the source has nothing more for now
    blocked,        // the sink takes no more for now
    unfinished,     // had its turn; pump again without waiting for an event
    ended,          // the source's end has been passed on to the sink
    source_failed,  // errno tells
    sink_failed,    // errno tells
};

struct PumpEnds {
    int from;
    int to;
    bool closes_next = false;  // the other direction has ended: both sockets are closed right after
};

Pumped pump(Pipe& pipe, PumpEnds ends, std::span<std::byte, chunk_size> buffer, ChunkPool& pool);

// The same where one end or both speak TLS; null: that one does not. A TLS end may wait for either
// of its socket's events whatever is to be done: after any of them the pipe is pumped again.
struct TlsPumpEnds {
    tls::End* from = nullptr;
    tls::End* to = nullptr;
};
Pumped pump(Pipe& pipe, PumpEnds ends, TlsPumpEnds tls, std::span<std::byte, chunk_size> buffer,
            ChunkPool& pool);

}  // namespace pgsteer::relay
