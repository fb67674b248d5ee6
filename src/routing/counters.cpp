#include "routing/counters.h"

namespace pgsteer::routing {
namespace {

constexpr Cell Traffic::*counters[] = {&Traffic::sessions,
                                       &Traffic::attempts,
                                       &Traffic::balanced,
                                       &Traffic::redispatches,
                                       &Traffic::client_aborts,
                                       &Traffic::server_aborts,
                                       &Traffic::bytes_in,
                                       &Traffic::bytes_out,
                                       &Traffic::connect_errors,
                                       &Traffic::retries,
                                       &Traffic::cut,
                                       &Traffic::refused,
                                       &Traffic::denied_sessions,
                                       &Traffic::denied_connections,
                                       &Traffic::denied_requests};

}  // namespace

Times::Sample Shared::times() const {
    std::uint64_t weight = 0;
    Times::Sample sums;
    for (const Traffic& cells : traffic) {
        const Times::Sample own = cells.times.sums();
        weight += cells.times.weight();
        sums.queue += own.queue;
        sums.connect += own.connect;
        sums.total += own.total;
    }
    if (weight == 0) return {};
    // Rounded up, as HAProxy's swrate_avg.
    const auto average = [weight](std::uint64_t sum) { return (sum + weight - 1) / weight; };
    return {average(sums.queue), average(sums.connect), average(sums.total)};
}

Times::Sample Shared::most_times() const {
    Times::Sample most;
    for (const Traffic& cells : traffic) {
        most.queue = std::max(most.queue, cells.times.most_queue.get());
        most.connect = std::max(most.connect, cells.times.most_connect.get());
        most.total = std::max(most.total, cells.times.most_total.get());
    }
    return most;
}

std::uint64_t Shared::raise_rate(TimePoint now) {
    std::uint64_t previous = 0;
    for (const Traffic& cells : traffic)
        previous += cells.rate.previous(now);
    most_rate = std::max({most_rate, previous, rate(now)});
    return most_rate;
}

void Shared::clear(bool all) {
    most_rate = 0;
    for (Traffic& cells : traffic) {
        cells.most_sessions.set(slots.taken());
        cells.most_waiting.set(0);
        cells.times.most_queue.set(0);
        cells.times.most_connect.set(0);
        cells.times.most_total.set(0);
    }
    if (!all) return;
    for (Cell Traffic::*const counter : counters)
        (cleared.*counter).set(total(counter));
}

}  // namespace pgsteer::routing
