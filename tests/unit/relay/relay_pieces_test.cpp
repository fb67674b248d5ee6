#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>

#include "base/fd.h"
#include "relay/pipe.h"
#include "relay/release_pace.h"
#include "relay/session.h"
#include "relay/timer_wheel.h"

namespace pgsteer::relay {
namespace {

struct Pair {
    UniqueFd near;
    UniqueFd far;
};

Pair connected() {
    int fds[2] = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) != 0) std::abort();
    return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

class PipeTest : public testing::Test {
  protected:
    Pumped pump_once() {
        return pump(pipe, {client.near.get(), server.near.get()},
                    std::span<std::byte, chunk_size>(buffer->bytes), pool);
    }
    std::size_t read_all(int fd) {
        std::size_t total = 0;
        std::array<char, 65536> bytes{};
        for (ssize_t got = 0; (got = ::read(fd, bytes.data(), bytes.size())) > 0;)
            total += static_cast<std::size_t>(got);
        return total;
    }

    Pair client = connected();
    Pair server = connected();
    Pipe pipe;
    ChunkPool pool;
    std::unique_ptr<Chunk> buffer = std::make_unique<Chunk>();
};

TEST_F(PipeTest, bytes_pass_and_the_source_is_known_to_be_drained) {
    ASSERT_EQ(::write(client.far.get(), "hello", 5), 5);
    pipe.readable = true;
    EXPECT_EQ(pump_once(), Pumped::drained);
    EXPECT_FALSE(pipe.readable);
    EXPECT_EQ(pipe.bytes, 5U);
    EXPECT_EQ(read_all(server.far.get()), 5U);
}

TEST_F(PipeTest, a_full_sink_stops_the_source_and_nothing_is_lost) {
    const std::string block(chunk_size, 'x');
    std::size_t written = 0;
    std::size_t received = 0;
    bool was_blocked = false;
    while (received < 4'000'000) {
        const ssize_t n = ::write(client.far.get(), block.data(), block.size());
        if (n > 0) written += static_cast<std::size_t>(n);
        pipe.readable = true;
        if (pump_once() == Pumped::blocked) {
            was_blocked = true;
            ASSERT_TRUE(pipe.unsent);
            ASSERT_LE(pipe.end - pipe.begin, chunk_size);
            const std::uint64_t before = pipe.bytes;
            EXPECT_EQ(pump_once(), Pumped::blocked);
            EXPECT_EQ(pipe.bytes, before);  // the source was not read
            received += read_all(server.far.get());
        }
    }
    EXPECT_TRUE(was_blocked);
    for (;;) {
        pipe.readable = true;
        const Pumped pumped = pump_once();
        received += read_all(server.far.get());
        if (pumped == Pumped::drained) break;
    }
    EXPECT_EQ(received, written);
}

TEST_F(PipeTest, the_end_of_the_source_is_passed_on_after_its_bytes) {
    ASSERT_EQ(::write(client.far.get(), "bye", 3), 3);
    ::shutdown(client.far.get(), SHUT_WR);
    pipe.readable = true;
    pipe.hang_up = true;
    EXPECT_EQ(pump_once(), Pumped::ended);
    std::array<char, 8> bytes{};
    EXPECT_EQ(::read(server.far.get(), bytes.data(), bytes.size()), 3);
    EXPECT_EQ(::read(server.far.get(), bytes.data(), bytes.size()), 0);
}

TEST_F(PipeTest, a_sink_that_is_gone_is_told_from_a_source_that_is_gone) {
    ASSERT_EQ(::write(client.far.get(), "x", 1), 1);
    server.far.reset();
    pipe.readable = true;
    EXPECT_EQ(pump_once(), Pumped::sink_failed);
}

TEST(TimerWheel, a_deadline_comes_up_not_before_its_time_and_once) {
    TimerWheel wheel;
    std::vector<SlotIndex> due;
    wheel.set(7, 0, 100);
    wheel.expire(96, due);
    EXPECT_TRUE(due.empty());
    wheel.expire(120, due);
    EXPECT_EQ(due, std::vector<SlotIndex>{7});
    due.clear();
    wheel.expire(100'000, due);
    EXPECT_TRUE(due.empty());
    EXPECT_EQ(wheel.wait(100'000), -1);
}

TEST(TimerWheel, a_removed_or_moved_deadline_does_not_come_up) {
    TimerWheel wheel;
    std::vector<SlotIndex> due;
    wheel.set(1, 0, 50);
    wheel.set(2, 0, 50);
    wheel.set(3, 0, 50);
    wheel.remove(2);
    wheel.set(3, 0, 500);
    wheel.expire(100, due);
    EXPECT_EQ(due, std::vector<SlotIndex>{1});
}

TEST(TimerWheel, it_says_how_long_the_loop_may_sleep) {
    TimerWheel wheel;
    wheel.set(1, 1000, 200);
    std::vector<SlotIndex> due;
    wheel.expire(1000, due);
    const int wait = wheel.wait(1000);
    EXPECT_GT(wait, 190);
    EXPECT_LE(wait, 216);
    wheel.expire(static_cast<Tick>(1000 + wait), due);
    EXPECT_EQ(due.size(), 1U);
}

TEST(SessionSlots, a_late_event_does_not_find_the_next_session_of_its_slot) {
    SessionSlots slots;
    const SlotIndex slot = slots.take();
    const std::uint32_t generation = slots.at(slot).generation;
    EXPECT_NE(slots.find(slot, generation), nullptr);
    slots.give_back(slot);
    EXPECT_EQ(slots.find(slot, generation), nullptr);
    ASSERT_EQ(slots.take(), slot);
    EXPECT_EQ(slots.find(slot, generation), nullptr);
    EXPECT_EQ(slots.used(), 1U);
}

TEST(ReleasePace, lets_a_burst_go_and_then_so_many_a_second) {
    ReleasePace pace;
    const auto gone = [&](std::uint32_t rate, Tick now) {
        std::uint32_t count = 0;
        for (; count < 1000 && pace.may(rate, now); ++count)
            pace.went();
        return count;
    };
    EXPECT_EQ(gone(1000, 5000), ReleasePace::burst);
    EXPECT_EQ(gone(1000, 5000), 0U);
    EXPECT_EQ(gone(1000, 5007), 7U);
    EXPECT_EQ(gone(100, 5012), 0U);
    EXPECT_EQ(gone(100, 5017), 1U);
    EXPECT_EQ(gone(1000, 90000), ReleasePace::burst);
    EXPECT_EQ(gone(0, 90000), 1000U);
}

TEST(EventKey, survives_packing) {
    const EventKey key{Source::server, 123456789, 4242};
    const EventKey back = EventKey::unpack(key.pack());
    EXPECT_EQ(back.source, Source::server);
    EXPECT_EQ(back.generation, key.generation);
    EXPECT_EQ(back.slot, key.slot);
}

}  // namespace
}  // namespace pgsteer::relay
