#include "relay/data_plane.h"

#include <pthread.h>
#include <sys/socket.h>

#include <algorithm>
#include <thread>

#include "relay/worker.h"

namespace pgsteer::relay {

struct DataPlane::State {
    Listeners listeners;
    Fellows fellows;
    std::vector<std::unique_ptr<Worker>> workers;
    std::vector<std::thread> threads;
};

DataPlane::DataPlane(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<DataPlane>> DataPlane::start(
    DataPlaneOptions options, std::shared_ptr<const routing::RoutingTable> first) {
    auto state = std::make_unique<State>();
    state->listeners = std::move(options.listeners);
    const auto listeners = std::make_shared<const Listeners>(state->listeners);
    for (std::size_t i = 0; i < options.workers; ++i)
        state->fellows.channels.push_back(std::make_unique<Channel>(Published{first, listeners}));
    for (std::size_t i = 0; i < options.workers; ++i) {
        state->workers.push_back(
            std::make_unique<Worker>(static_cast<routing::WorkerId>(i), state->fellows));
        const auto prepared = state->workers.back()->prepare();
        if (!prepared) return prepared.error();
    }
    auto plane = std::unique_ptr<DataPlane>(new DataPlane(std::move(state)));
    for (const auto& worker : plane->state_->workers) {
        plane->state_->threads.emplace_back([&worker = *worker] { worker.run(); });
        ::pthread_setname_np(plane->state_->threads.back().native_handle(), "pgsteer-worker");
    }
    return plane;
}

DataPlane::~DataPlane() {
    stop();
}

void DataPlane::publish(std::shared_ptr<const routing::RoutingTable> table) {
    for (const auto& channel : state_->fellows.channels)
        channel->publish(table);
}

int DataPlane::report_fd() const {
    return state_->fellows.bell.fd.get();
}

void DataPlane::drain(const std::function<void(const routing::Report&)>& take) {
    state_->fellows.bell.clear();
    for (const auto& channel : state_->fellows.channels)
        channel->drain(take);
    const bool have_ended = std::none_of(state_->threads.begin(), state_->threads.end(),
                                         [](const auto& thread) { return thread.joinable(); });
    if (!have_ended) return;
    for (const auto& channel : state_->fellows.channels)
        channel->drain_kept(take);
}

std::uint64_t DataPlane::lost_reports() const {
    std::uint64_t sum = 0;
    for (const auto& channel : state_->fellows.channels)
        sum += channel->lost();
    return sum;
}

void DataPlane::ask(std::size_t worker, const routing::SessionsAsked& asked) {
    state_->fellows.channels[worker]->ask(asked);
}

std::optional<routing::SessionsFound> DataPlane::found(std::size_t worker) {
    return state_->fellows.channels[worker]->take_found();
}

void DataPlane::publish(std::shared_ptr<const routing::RoutingTable> table, Listeners listeners) {
    const auto published = std::make_shared<const Listeners>(listeners);
    for (const auto& channel : state_->fellows.channels)
        channel->publish({table, published});
    state_->listeners = std::move(listeners);
}

void DataPlane::stop_accepting(Leaving how) {
    // A listening TCP socket that is shut down refuses clients at once and leaves its SO_REUSEPORT
    // group, also while a worker is still looking at it. A shared one may belong to another
    // process, too.
    if (how == Leaving::refusing)
        for (const auto& listener : state_->listeners)
            if (!listener->shared) (void)::shutdown(listener->socket->get(), SHUT_RD);
    const auto none = std::make_shared<const Listeners>();
    for (const auto& channel : state_->fellows.channels)
        channel->publish(none);
    state_->listeners.clear();
}

bool DataPlane::accepting() const {
    const auto& channels = state_->fellows.channels;
    return std::any_of(channels.begin(), channels.end(),
                       [](const auto& channel) { return channel->accepts(); });
}

void DataPlane::stop() {
    for (const auto& channel : state_->fellows.channels)
        channel->stop();
    for (std::thread& thread : state_->threads)
        if (thread.joinable()) thread.join();
}

}  // namespace pgsteer::relay
