// Limits shared by all workers, and how a freed slot finds the client that waits for it.
//
// The problem. A limit (a server's maxconn, a frontend's, the process's) counts sessions of every
// worker. A client for whom no slot is free waits on the worker that accepted it; the slot it needs
// may be freed on another worker. Three things must hold without a lock:
//   1. never more slots taken than the limit;
//   2. no lost wake-up: a free slot and a waiting client never stay side by side;
//   3. roughly first come, first served, across workers.
//
// The way. SlotCount is one atomic number. WaitBoard has one atomic cell a worker, which holds the
// ticket (arrival number) of that worker's oldest waiting client, or `nobody`.
//   A client that finds no slot:   A1 publish its ticket in its worker's cell.  A2 try once more.
//   Whoever frees a slot:          B1 give the slot back.  B2 read the cells; ring the worker with
//                                  the smallest ticket.
// All four are sequentially consistent, so of A1-A2 against B1-B2 at least one side sees the other:
// either A2 finds the slot or B2 finds the ticket (Dekker's argument). A rung worker serves its
// waiting clients in order while slots last, publishes its next ticket, and when it has no waiting
// client left it does B2 again (it passes the baton), because its client may have left meanwhile by
// time-out and the slot then belongs to another worker's client. Ringing too often is harmless.
//
// Owned by the shared part of a server, backend, frontend or process (counters.h), which outlives
// routing tables. Any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

namespace pgsteer::routing {

// Index of a worker thread. HAProxy's own bound on nbthread is 64 (MAX_THREADS).
enum class WorkerId : std::uint8_t {};
inline constexpr std::size_t most_workers = 64;
constexpr std::size_t index(WorkerId worker) {
    return static_cast<std::size_t>(worker);
}

// How many sessions a limit allows; 0 in HAProxy's language means no limit.
inline constexpr std::uint32_t unlimited = 0;

class SlotCount {
  public:
    // Takes a slot unless `limit` slots are taken; always succeeds when unlimited.
    bool try_take(std::uint32_t limit) {
        std::uint32_t taken = taken_.load();
        do {
            if (limit != unlimited && taken >= limit) return false;
        } while (!taken_.compare_exchange_weak(taken, taken + 1));
        return true;
    }
    void give_back() { taken_.fetch_sub(1); }
    std::uint32_t taken() const { return taken_.load(); }

  private:
    std::atomic<std::uint32_t> taken_{0};
};

using Ticket = std::uint64_t;

class WaitBoard {
  public:
    static constexpr Ticket nobody = std::numeric_limits<Ticket>::max();

    WaitBoard() {
        for (auto& cell : oldest_)
            cell.store(nobody, std::memory_order_relaxed);
    }
    Ticket draw_ticket() { return next_.fetch_add(1, std::memory_order_relaxed); }
    void publish(WorkerId worker, Ticket oldest) { oldest_[index(worker)].store(oldest); }
    void clear(WorkerId worker) { publish(worker, nobody); }

    // The worker with the oldest waiting client among the first `workers`, if anybody waits.
    std::optional<WorkerId> next_worker(std::size_t workers) const {
        std::optional<WorkerId> found;
        Ticket smallest = nobody;
        for (std::size_t i = 0; i < workers; ++i) {
            const Ticket ticket = oldest_[i].load();
            if (ticket < smallest) {
                smallest = ticket;
                found = static_cast<WorkerId>(i);
            }
        }
        return found;
    }

  private:
    std::array<std::atomic<Ticket>, most_workers> oldest_;
    std::atomic<Ticket> next_{0};
};

}  // namespace pgsteer::routing
