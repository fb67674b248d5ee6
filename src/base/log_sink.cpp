#include "base/log_sink.h"

#include <pthread.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "base/clock.h"

namespace pgsteer::log {
namespace {

std::atomic<bool> threads_started{false};
constexpr seconds longest_goodbye{1};

std::size_t size_of(const Packet& packet) {
    std::size_t size = 0;
    for (const std::string& part : packet)
        size += part.size();
    return size;
}

}  // namespace

// Shared with the thread, which outlives the sink when it hangs in a delivery at the end.
struct Sink::State {
    const std::string name;
    const Deliver deliver;
    mutable std::mutex mutex;
    std::condition_variable changed;
    std::deque<Packet> waiting;
    std::size_t bytes = 0;
    bool delivering = false;
    bool ending = false;
    bool has_thread = false;
    Loss loss;

    State(std::string its_name, Deliver its_deliver)
        : name(std::move(its_name)), deliver(std::move(its_deliver)) {}

    void lose(std::string why) {
        ++loss.lines;
        loss.why = std::move(why);
    }

    void run() {
        std::unique_lock lock(mutex);
        for (;;) {
            changed.wait(lock, [this] { return ending || !waiting.empty(); });
            if (waiting.empty()) return;
            const Packet packet = std::move(waiting.front());
            waiting.pop_front();
            bytes -= size_of(packet);
            delivering = true;
            lock.unlock();
            const auto delivered = deliver(packet);
            lock.lock();
            delivering = false;
            if (!delivered) lose(delivered.error().text);
            if (waiting.empty()) changed.notify_all();
        }
    }
};

Sink::Sink(std::string name, Deliver deliver)
    : state_(std::make_shared<State>(std::move(name), std::move(deliver))) {}

Sink::~Sink() {
    std::unique_lock lock(state_->mutex);
    state_->ending = true;
    state_->changed.notify_all();
    state_->changed.wait_for(lock, longest_goodbye, [this] {
        return !state_->has_thread || (state_->waiting.empty() && !state_->delivering);
    });
}

void Sink::post(Packet packet) {
    State& state = *state_;
    std::unique_lock lock(state.mutex);
    if (!threads_started) {
        if (const auto delivered = state.deliver(packet); !delivered)
            state.lose(delivered.error().text);
        return;
    }
    const std::size_t size = size_of(packet);
    if (state.waiting.size() >= most_waiting_lines || state.bytes + size > most_waiting_bytes)
        return state.lose("it takes them too slowly");
    if (!std::exchange(state.has_thread, true)) {
        std::thread thread([shared = state_] { shared->run(); });
        ::pthread_setname_np(thread.native_handle(), "pgsteer-log");
        thread.detach();
    }
    state.bytes += size;
    state.waiting.push_back(std::move(packet));
    if (state.waiting.size() == 1) state.changed.notify_one();
}

Sink::Loss Sink::loss() const {
    const std::lock_guard lock(state_->mutex);
    return state_->loss;
}

const std::string& Sink::name() const {
    return state_->name;
}

void Sink::start_threads() {
    threads_started = true;
}

}  // namespace pgsteer::log
