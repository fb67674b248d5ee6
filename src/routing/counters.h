// Numbers that outlive routing tables: limits in use and what was counted. A row of the table
// points to its shared part; a reload hands the shared part of an unchanged server to the new row.
//
// Traffic is counted in one cell a worker. Only that worker writes its cell (a relaxed load and
// store, no locked instruction); anybody may read all cells and add them up.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "routing/waiting.h"

namespace pgsteer::routing {

// One number of one worker: a single writer, any reader.
class Cell {
  public:
    void add(std::uint64_t n = 1) {
        value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
    }
    void subtract(std::uint64_t n = 1) {
        value_.store(value_.load(std::memory_order_relaxed) - n, std::memory_order_relaxed);
    }
    void raise_to(std::uint64_t n) {
        if (n > value_.load(std::memory_order_relaxed)) value_.store(n, std::memory_order_relaxed);
    }
    void set(std::uint64_t n) { value_.store(n, std::memory_order_relaxed); }
    std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }

  private:
    std::atomic<std::uint64_t> value_{0};
};

// How many a second, over the last second: HAProxy's freq_ctr (include/haproxy/freq_ctr.h). The
// second, what it counted so far, and what the one before it did, in one word, so that a reader
// never sees half a change.
class RateCell {
  public:
    void add(TimePoint now) {
        const std::uint64_t second = second_of(now);
        const Parts parts = at(second);
        word_.store(
            second << 40 | std::min<std::uint64_t>(parts.current + 1, most) << 20 | parts.previous,
            std::memory_order_relaxed);
    }
    std::uint64_t get(TimePoint now) const {
        const Parts parts = at(second_of(now));
        if (parts.current == 0 && parts.previous <= 1) return parts.previous;
        const auto part = std::chrono::duration_cast<microseconds>(now.time_since_epoch()).count();
        const auto left = static_cast<std::uint64_t>(1'000'000 - part % 1'000'000);
        return parts.current + parts.previous * left / 1'000'000;
    }
    // Of the last whole second.
    std::uint64_t previous(TimePoint now) const { return at(second_of(now)).previous; }

  private:
    static constexpr std::uint64_t most = (1U << 20) - 1;
    struct Parts {
        std::uint64_t current = 0, previous = 0;
    };
    static std::uint64_t second_of(TimePoint now) {
        return static_cast<std::uint64_t>(
                   std::chrono::duration_cast<seconds>(now.time_since_epoch()).count()) &
               0xff'ffff;
    }
    Parts at(std::uint64_t second) const {
        const std::uint64_t word = word_.load(std::memory_order_relaxed);
        const std::uint64_t then = word >> 40;
        if (then == second) return {word >> 20 & most, word & most};
        if (((then + 1) & 0xff'ffff) == second) return {0, word >> 20 & most};
        return {};
    }
    std::atomic<std::uint64_t> word_{0};
};

// Moving averages over the last sessions, in ms; HAProxy's swrate_add over 512 of them.
class Times {
  public:
    static constexpr std::uint64_t window = 512;
    struct Sample {
        std::uint64_t queue = 0, connect = 0, total = 0;
    };
    void add(const Sample& sample) {
        const std::uint64_t n = std::min(count_.get() + 1, window);
        count_.add();
        move(queue_, n, sample.queue);
        move(connect_, n, sample.connect);
        move(total_, n, sample.total);
        most_queue.raise_to(sample.queue);
        most_connect.raise_to(sample.connect);
        most_total.raise_to(sample.total);
    }
    std::uint64_t weight() const { return std::min(count_.get(), window); }
    // Each the sum over weight() sessions.
    Sample sums() const { return {queue_.get(), connect_.get(), total_.get()}; }
    Cell most_queue, most_connect, most_total;

  private:
    static void move(Cell& sum, std::uint64_t n, std::uint64_t value) {
        const std::uint64_t old = sum.get();
        sum.set(n < window ? old + value : old - (old + n - 1) / n + value);
    }
    Cell count_, queue_, connect_, total_;
};

struct alignas(64) Traffic {
    Cell sessions;                             // taken in since start
    Cell most_sessions;                        // highest number at one time, as this worker saw it
    RateCell rate;                             // of sessions
    Cell attempts;                             // servers, backends: connects begun
    Cell balanced;                             // servers, backends: sessions given by balancing
    Cell redispatches;                         // connects tried again elsewhere
    Cell client_aborts;                        // ended by a reset or a timeout of the client
    Cell server_aborts;                        // ended by a reset or a timeout of the server
    Cell denied_connections, denied_sessions;  // frontends: by rules
    Cell denied_requests;                      // likewise, by those about content
    Cell most_waiting;
    Cell last_session;    // when the last one got its server: seconds of the clock, plus 1
    Times times;          // servers, backends
    Cell bytes_in;        // client to server
    Cell bytes_out;       // server to client
    Cell connect_errors;  // servers, backends: connects refused, reset or timed out
    Cell retries;         // connects tried again on the same server
    Cell cut;             // sessions ended because a row was cut
    Cell refused;         // clients answered with an error instead of a server
    Cell waiting;         // backends: clients held now on this worker
    Cell released;        // backends: clients that waited and went on to a server
};

struct Shared {
    explicit Shared(std::size_t workers) : traffic(workers) {}

    SlotCount slots;
    WaitBoard board;
    // Turns taken by roundrobin and as tie-breaker, and of a server's source ports; all workers
    // draw from it.
    std::atomic<std::uint32_t> turn{0};
    // Turns that roundrobin gave to clients who left before they logged in: of a server those it is
    // to get again, of a backend their sum.
    std::atomic<std::uint32_t> owed{0};
    std::vector<Traffic> traffic;  // by WorkerId

    Traffic& of(WorkerId worker) { return traffic[index(worker)]; }
    // Since `clear counters`; the control thread's own.
    Traffic cleared;
    std::uint64_t most_rate = 0;

    // Sum over the workers, since start.
    std::uint64_t total(Cell Traffic::*number) const {
        std::uint64_t sum = 0;
        for (const Traffic& cells : traffic)
            sum += (cells.*number).get();
        return sum;
    }
    // Sum over the workers, since it was cleared.
    std::uint64_t counted(Cell Traffic::*number) const {
        return total(number) - (cleared.*number).get();
    }
    std::uint64_t most(Cell Traffic::*number) const {
        std::uint64_t most = 0;
        for (const Traffic& cells : traffic)
            most = std::max(most, (cells.*number).get());
        return most;
    }
    std::uint64_t rate(TimePoint now) const {
        std::uint64_t sum = 0;
        for (const Traffic& cells : traffic)
            sum += cells.rate.get(now);
        return sum;
    }
    // Averages over the last sessions of all workers.
    Times::Sample times() const;
    Times::Sample most_times() const;
    // The control thread calls this every second and before it looks: the highest rate so far.
    std::uint64_t raise_rate(TimePoint now);
    // `clear counters`: forgets the highest values; all: and starts counting anew. A worker that
    // counts at the same moment may put its old highest value back.
    void clear(bool all);
};

}  // namespace pgsteer::routing
