// Broadcast: one text for many connections that stay open, replaced whole. Who is slow misses what
// was in between and gets the newest: state, not events. A text too long to be sent whole each time
// is made for each by what it has seen. Owned by who publishes; its connections share it. One
// executor's thread.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_set>
#include <utility>

namespace pgsteer::http {

class Broadcast {
  public:
    // What is new to who has seen that version; null: nothing.
    using Since = std::function<std::shared_ptr<const std::string>(std::uint64_t seen)>;

    Broadcast() = default;
    explicit Broadcast(Since since) : since_(std::move(since)) {}

    // A connection that takes part; registered as long as it lives.
    class Subscriber {
      public:
        Subscriber(Broadcast& broadcast, boost::asio::steady_timer& timer, std::uint64_t seen = 0)
            : broadcast_(broadcast), timer_(timer), seen_(seen) {
            broadcast_.subscribers_.insert(this);
        }
        ~Subscriber() { broadcast_.subscribers_.erase(this); }
        Subscriber(const Subscriber&) = delete;
        Subscriber& operator=(const Subscriber&) = delete;

        // What this one has not had yet; null when it has all.
        std::shared_ptr<const std::string> take() {
            if (seen_ == broadcast_.version_) return nullptr;
            const std::uint64_t seen = std::exchange(seen_, broadcast_.version_);
            return broadcast_.since_ ? broadcast_.since_(seen) : broadcast_.newest_;
        }
        // Nothing will come any more.
        bool is_over() const { return broadcast_.ended_; }
        // While true, something new cancels the timer.
        void wait(bool waiting) { waiting_ = waiting; }

      private:
        friend class Broadcast;
        Broadcast& broadcast_;
        boost::asio::steady_timer& timer_;
        std::uint64_t seen_;
        bool waiting_ = false;
    };

    void publish(std::string text) {
        newest_ = std::make_shared<const std::string>(std::move(text));
        announce(version_ + 1);
    }
    // `version` is the newest now.
    void announce(std::uint64_t version) {
        version_ = version;
        wake();
    }
    // Connections close, and clients come back for what follows.
    void end() {
        ended_ = true;
        wake();
    }

  private:
    void wake() {
        for (Subscriber* const each : subscribers_)
            if (each->waiting_) each->timer_.cancel();
    }

    Since since_;
    std::shared_ptr<const std::string> newest_;
    std::uint64_t version_ = 0;  // 0: nothing was published
    bool ended_ = false;
    std::unordered_set<Subscriber*> subscribers_;
};

}  // namespace pgsteer::http
