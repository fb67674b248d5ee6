// TimerWheel: one deadline a session, kept as a list node inside an array indexed by slot. Adding,
// moving and removing cost a few stores; a deadline beyond the horizon waits in the last bucket and
// is looked at again there, which suits 30-minute timeouts that are pushed on by every message: the
// session's real deadline is computed only when its bucket comes up. Owned by one worker.
#pragma once

#include <array>
#include <bit>
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
        occupied_[bucket / 64] |= std::uint64_t{1} << bucket % 64;
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
        if (heads_[node.bucket] == no_slot)
            occupied_[node.bucket / 64] &= ~(std::uint64_t{1} << node.bucket % 64);
        node = Node{};
        --size_;
    }

    // Milliseconds until the next bucket that holds something; -1: none (wait without end).
    int wait(Tick now) const {
        if (size_ == 0) return -1;
        const std::uint32_t behind = (now >> tick_shift) - done_;
        const std::uint32_t ahead = next_occupied((done_ + 1) % buckets) + 1;
        if (ahead <= behind) return 0;
        return static_cast<int>(((ahead - behind) << tick_shift) -
                                (now & ((1U << tick_shift) - 1)));
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
    // Buckets from `from` on (wrapping) until one that holds something; there is one.
    std::uint32_t next_occupied(std::uint32_t from) const {
        std::uint64_t word = occupied_[from / 64] >> from % 64;
        if (word != 0) return static_cast<std::uint32_t>(std::countr_zero(word));
        std::uint32_t distance = 64 - from % 64;
        for (std::uint32_t i = 1; i <= occupied_.size(); ++i, distance += 64) {
            word = occupied_[(from / 64 + i) % occupied_.size()];
            if (word != 0) return distance + static_cast<std::uint32_t>(std::countr_zero(word));
        }
        return buckets - 1;
    }

    static constexpr std::uint32_t nowhere = UINT32_MAX;
    struct Node {
        SlotIndex previous = no_slot;
        SlotIndex next = no_slot;
        std::uint32_t bucket = nowhere;
    };
    std::vector<Node> nodes_;
    std::array<SlotIndex, buckets> heads_{};
    std::array<std::uint64_t, buckets / 64>
        occupied_{};  // a bit a bucket: wait() is asked every loop
    std::size_t size_ = 0;
    std::uint32_t done_ = 0;  // the last bucket number that was expired
};

}  // namespace pgsteer::relay
