// An application that writes: inserts a row through the read-write address every few milliseconds
// and notes when each was acknowledged and by which node. When a write fails it connects again, as
// applications do. Owns one thread; the functions are for the main thread.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/address.h"
#include "base/clock.h"

namespace pgsteer::cli {

struct Write {
    long id = 0;
    TimePoint at;  // when it was acknowledged
    Port node{0};  // who took it
};

class Writer {
  public:
    // The table demo_writes (id bigint, node int) must exist.
    explicit Writer(Port read_write);
    ~Writer() { stop(); }
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    void stop();
    std::vector<Write> acknowledged() const;
    std::optional<Write> first_of(Port node) const;

  private:
    void work();
    Port read_write_;
    std::atomic<bool> stopping_{false};
    mutable std::mutex mutex_;
    std::vector<Write> acknowledged_;  // under mutex_
    std::thread thread_;
};

}  // namespace pgsteer::cli
