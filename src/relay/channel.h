// Channel: the two-way contract of one worker with the control thread and with its fellow workers:
// newest table down (whole value, not a message), reports up (bounded), and a bell.
// Made by DataPlane before the threads start; every function says who may call it.
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <boost/lockfree/policies.hpp>
#include <boost/lockfree/spsc_queue.hpp>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "relay/data_plane.h"
#include "routing/report.h"
#include "routing/session_line.h"
#include "routing/table.h"

namespace pgsteer::relay {

// Rings the control thread once however many reports come before it looks.
struct ReportBell {
    UniqueFd fd{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
    std::atomic<bool> rung{false};

    void ring() {
        if (rung.exchange(true)) return;
        const std::uint64_t one = 1;
        // A full eventfd counter is readable all the same: the bell has rung.
        (void)!::write(fd.get(), &one, sizeof one);
    }
    void clear() {
        std::uint64_t count = 0;
        (void)!::read(fd.get(), &count, sizeof count);
        rung.store(false);
    }
};

// What workers go by.
struct Published {
    std::shared_ptr<const routing::RoutingTable> table;
    std::shared_ptr<const Listeners> listeners;
};

class Channel {
  public:
    // Reports a worker may be ahead of the control thread; when thousands of sessions are cut at
    // once, the rest waits with the worker.
    static constexpr std::size_t report_capacity = 1024;
    static constexpr std::size_t most_kept = 100'000;

    explicit Channel(Published first)
        : newest_(std::move(first)), accepts_(!newest_.listeners->empty()) {}

    // Control thread.
    void publish(std::shared_ptr<const routing::RoutingTable> table) {
        {
            const std::lock_guard lock(mutex_);
            newest_.table = std::move(table);
        }
        ring();
    }
    void publish(std::shared_ptr<const Listeners> listeners) {
        {
            const std::lock_guard lock(mutex_);
            newest_.listeners = std::move(listeners);
        }
        ring();
    }
    void publish(Published both) {
        {
            const std::lock_guard lock(mutex_);
            newest_ = std::move(both);
        }
        ring();
    }
    void stop() {
        stop_ = true;
        ring();
    }
    // One question at a time.
    void ask(const routing::SessionsAsked& asked) {
        {
            const std::lock_guard lock(mutex_);
            asked_ = asked;
        }
        ring();
    }
    std::optional<routing::SessionsFound> take_found() {
        const std::lock_guard lock(mutex_);
        return std::exchange(found_, std::nullopt);
    }
    template <class Take>
    void drain(Take&& take) {
        reports_.consume_all([&](const routing::Report& report) { take(report); });
        if (has_kept_.load(std::memory_order_acquire)) ring();
    }
    // When the worker's thread has ended.
    template <class Take>
    void drain_kept(Take&& take) {
        for (const routing::Report& report : std::exchange(kept_, {}))
            take(report);
    }
    std::uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }

    // Any thread: this worker has something to look at.
    void ring() {
        const std::uint64_t one = 1;
        (void)!::write(wake_.get(), &one, sizeof one);
    }

    // The worker.
    int wake_fd() const { return wake_.get(); }
    void clear_wake() {
        std::uint64_t count = 0;
        (void)!::read(wake_.get(), &count, sizeof count);
    }
    Published newest() {
        const std::lock_guard lock(mutex_);
        return newest_;
    }
    std::optional<routing::SessionsAsked> take_asked() {
        const std::lock_guard lock(mutex_);
        return std::exchange(asked_, std::nullopt);
    }
    void answer(routing::SessionsFound found, ReportBell& bell) {
        {
            const std::lock_guard lock(mutex_);
            found_ = std::move(found);
        }
        bell.ring();
    }
    bool stopping() const { return stop_; }
    // Has it listeners? Any thread may ask; false: nobody is accepted any more.
    void set_accepts(bool accepts) { accepts_ = accepts; }
    bool accepts() const { return accepts_; }
    void report(const routing::Report& report, ReportBell& bell) {
        if (!kept_.empty() || !reports_.push(report)) keep(report);
        bell.ring();
    }
    // At the top of its loop.
    void report_kept(ReportBell& bell) {
        if (kept_.empty()) return;
        while (!kept_.empty() && reports_.push(kept_.front()))
            kept_.pop_front();
        has_kept_.store(!kept_.empty(), std::memory_order_release);
        bell.ring();
    }

  private:
    void keep(const routing::Report& report) {
        if (kept_.size() < most_kept)
            kept_.push_back(report);
        else
            lost_.fetch_add(1, std::memory_order_relaxed);
        has_kept_.store(true, std::memory_order_release);
    }

    // Guards the three below; taken when the bell rang, never while relaying.
    std::mutex mutex_;
    std::optional<routing::SessionsAsked> asked_;
    std::optional<routing::SessionsFound> found_;
    Published newest_;
    UniqueFd wake_{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
    std::atomic<bool> stop_{false};
    std::atomic<bool> accepts_;
    std::atomic<std::uint64_t> lost_{0};
    std::deque<routing::Report> kept_;  // the worker's own
    std::atomic<bool> has_kept_{false};
    boost::lockfree::spsc_queue<routing::Report, boost::lockfree::capacity<report_capacity>>
        reports_;
};

// What the workers of one data plane share: each other's bells and the way up.
struct Fellows {
    std::vector<std::unique_ptr<Channel>> channels;  // by WorkerId
    ReportBell bell;
};

}  // namespace pgsteer::relay
