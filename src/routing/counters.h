// Numbers that outlive routing tables: limits in use and what was counted. A row of the table
// points to its shared part; a reload hands the shared part of an unchanged server to the new row.
//
// Traffic is counted in one cell a worker. Only that worker writes its cell (a relaxed load and
// store, no locked instruction); anybody may read all cells and add them up.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

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
    std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }

  private:
    std::atomic<std::uint64_t> value_{0};
};

struct alignas(64) Traffic {
    Cell sessions;        // taken in since start
    Cell most_sessions;   // highest number at one time, as this worker saw it
    Cell bytes_in;        // client to server
    Cell bytes_out;       // server to client
    Cell connect_errors;  // servers, backends: connects refused, reset or timed out
    Cell retries;         // backends: connects tried again
    Cell cut;             // sessions ended because a row was cut
    Cell refused;         // clients answered with an error instead of a server
    Cell waiting;         // backends: clients held now on this worker
};

struct Shared {
    explicit Shared(std::size_t workers) : traffic(workers) {}

    SlotCount slots;
    WaitBoard board;
    // Turns taken by roundrobin and as tie-breaker; all workers draw from it.
    std::atomic<std::uint32_t> turn{0};
    std::vector<Traffic> traffic;  // by WorkerId

    Traffic& of(WorkerId worker) { return traffic[index(worker)]; }
    // Sum (or, for most_sessions, the largest) over the workers.
    std::uint64_t total(Cell Traffic::*number) const {
        std::uint64_t sum = 0;
        for (const Traffic& cells : traffic)
            sum += (cells.*number).get();
        return sum;
    }
};

}  // namespace pgsteer::routing
