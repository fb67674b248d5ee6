// Broadcast: one text for many connections that stay open, replaced whole. Who is slow misses what
// was in between and gets the newest: state, not events. Owned by who publishes; its connections
// share it. One executor's thread.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_set>

namespace pgsteer::http {

class Broadcast {
  public:
    // A connection that takes part; registered as long as it lives.
    class Subscriber {
      public:
        Subscriber(Broadcast& broadcast, boost::asio::steady_timer& timer)
            : broadcast_(broadcast), timer_(timer) {
            broadcast_.subscribers_.insert(this);
        }
        ~Subscriber() { broadcast_.subscribers_.erase(this); }
        Subscriber(const Subscriber&) = delete;
        Subscriber& operator=(const Subscriber&) = delete;

        // What this one has not had yet; null when it has all.
        std::shared_ptr<const std::string> take() {
            if (seen_ == broadcast_.version_) return nullptr;
            seen_ = broadcast_.version_;
            return broadcast_.newest_;
        }
        // While true, something new cancels the timer.
        void wait(bool waiting) { waiting_ = waiting; }

      private:
        friend class Broadcast;
        Broadcast& broadcast_;
        boost::asio::steady_timer& timer_;
        std::uint64_t seen_ = 0;
        bool waiting_ = false;
    };

    void publish(std::string text) {
        newest_ = std::make_shared<const std::string>(std::move(text));
        ++version_;
        for (Subscriber* const each : subscribers_)
            if (each->waiting_) each->timer_.cancel();
    }

  private:
    std::shared_ptr<const std::string> newest_;
    std::uint64_t version_ = 0;  // 0: nothing was published
    std::unordered_set<Subscriber*> subscribers_;
};

}  // namespace pgsteer::http
