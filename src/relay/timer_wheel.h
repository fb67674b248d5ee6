// TimerWheel: one deadline a session, kept as a list node inside an array indexed by slot. Adding,
// moving and removing cost a few stores; a deadline beyond the horizon waits in the last bucket and
// is looked at again there, which suits 30-minute timeouts that are pushed on by every message: the
// session's real deadline is computed only when its bucket comes up. Owned by one worker.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace pgsteer::relay {

using SlotIndex = std::uint32_t;
inline constexpr SlotIndex no_slot = UINT32_MAX;
// Milliseconds since the worker started; wraps after 49 days, so compare with differences only.
using Tick = std::uint32_t;

class TimerWheel {
  public:
    static constexpr std::uint32_t tick_shift = 3;  // a bucket is 8 ms wide
    static constexpr std::uint32_t buckets = 4096;  // horizon: 32 s

    TimerWheel() { heads_.fill(no_slot); }

    void set(SlotIndex slot, Tick now, std::uint32_t in_ms) {
        if (slot >= nodes_.size()) nodes_.resize(slot + std::size_t{1});
        remove(slot);
        std::uint32_t distance = (in_ms >> tick_shift) + 1;
        if (distance >= buckets) distance = buckets - 1;
        const std::uint32_t bucket = ((now >> tick_shift) + distance) % buckets;
        Node& node = nodes_[slot];
        node.bucket = bucket;
        node.previous = no_slot;
        node.next = heads_[bucket];
        if (node.next != no_slot) nodes_[node.next].previous = slot;
        heads_[bucket] = slot;
        ++size_;
    }

    void remove(SlotIndex slot) {
        if (slot >= nodes_.size() || nodes_[slot].bucket == nowhere) return;
        Node& node = nodes_[slot];
        if (node.previous != no_slot)
            nodes_[node.previous].next = node.next;
        else
            heads_[node.bucket] = node.next;
        if (node.next != no_slot) nodes_[node.next].previous = node.previous;
        node = Node{};
        --size_;
    }

    // Milliseconds until the next bucket that holds something; -1: none (wait without end).
    int wait(Tick now) const {
        if (size_ == 0) return -1;
        const std::uint32_t current = now >> tick_shift;
        const std::uint32_t behind = current - done_;
        for (std::uint32_t step = 0; step < buckets; ++step) {
            if (heads_[(done_ + 1 + step) % buckets] == no_slot) continue;
            if (step + 1 <= behind) return 0;
            return static_cast<int>(((step + 1 - behind) << tick_shift) - (now & 7U));
        }
        return -1;
    }

    // Takes every slot whose bucket is due out of the wheel and appends it to `due`.
    void expire(Tick now, std::vector<SlotIndex>& due) {
        const std::uint32_t current = now >> tick_shift;
        std::uint32_t steps = current - done_;
        if (steps > buckets) steps = buckets;
        for (std::uint32_t step = 1; step <= steps; ++step) {
            const std::uint32_t bucket = (current - steps + step) % buckets;
            while (heads_[bucket] != no_slot) {
                const SlotIndex slot = heads_[bucket];
                remove(slot);
                due.push_back(slot);
            }
        }
        done_ = current;
    }

  private:
    static constexpr std::uint32_t nowhere = UINT32_MAX;
    struct Node {
        SlotIndex previous = no_slot;
        SlotIndex next = no_slot;
        std::uint32_t bucket = nowhere;
    };
    std::vector<Node> nodes_;
    std::array<SlotIndex, buckets> heads_{};
    std::size_t size_ = 0;
    std::uint32_t done_ = 0;  // the last bucket number that was expired
};

}  // namespace pgsteer::relay
