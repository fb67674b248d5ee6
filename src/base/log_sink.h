// Sink: one place lines go to, with a thread of its own: a slow terminal, pipe, disk or daemon
// holds nobody up. What it cannot take waits in a bounded queue; what finds that full, or cannot be
// delivered, is lost and counted. Owned by the outlets that write to it; post() from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/log_target.h"
#include "base/result.h"

namespace pgsteer::log {

// The bytes of a line; of the journal a "KEY=value" each.
using Packet = std::vector<std::string>;

class Sink {
  public:
    // May block; on the sink's thread.
    using Deliver = std::function<Result<void>(const Packet&)>;
    static constexpr std::size_t most_waiting_lines = 16'384;
    static constexpr std::size_t most_waiting_bytes = std::size_t{4} * 1024 * 1024;

    Sink(std::string name, Deliver deliver);
    // Waits for what is left, but not for ever (a second).
    ~Sink();
    Sink(const Sink&) = delete;
    Sink& operator=(const Sink&) = delete;

    // Without a thread (before start_threads) it is delivered on the spot.
    void post(Packet packet);

    struct Loss {
        std::uint64_t lines = 0;  // in all
        std::string why;          // of the last one
    };
    Loss loss() const;
    const std::string& name() const;

    // Once, when the process is what it will be: threads do not live through a fork.
    static void start_threads();

  private:
    struct State;
    std::shared_ptr<State> state_;
};

// How lines get to a target. Errors: it cannot be opened (its place is named).
Result<Sink::Deliver> open_target(const Target& target);

}  // namespace pgsteer::log
