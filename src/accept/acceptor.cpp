// The loop runs as a coroutine that shares the State with the Acceptor; an Acceptor that goes away
// marks it as stopping, and the loop finds nothing left to do.
#include "accept/acceptor.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/address.h"
#include "base/clock.h"
#include "base/descriptors.h"
#include "base/log.h"

namespace pgsteer::accept {
namespace {

namespace asio = boost::asio;
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

// HAProxy waits as long after accept() ran out of descriptors (proto_tcp, ERR_RESOURCE back-off).
constexpr milliseconds accept_back_off{100};
// Accepted in one go before others (timers, children, answers) have their turn; HAProxy's
// tune.maxaccept is 4 times a process's share of 64.
constexpr int most_in_a_row = 64;

bool concerns_one_client_only(int error_number) {
    return error_number == ECONNABORTED || error_number == EINTR || error_number == EPROTO;
}

}  // namespace

struct Acceptor::State {
    State(asio::any_io_executor its_executor, UniqueFd fd, std::size_t its_most, Take its_take)
        : executor(std::move(its_executor)),
          listener(executor, fd.get()),
          room(executor),
          most(its_most),
          take(std::move(its_take)) {
        fd.release();  // the descriptor object owns it now
    }

    asio::any_io_executor executor;
    asio::posix::stream_descriptor listener;
    asio::steady_timer room;  // cancelled when a slot is freed
    std::size_t most;
    Take take;
    std::size_t open = 0;
    bool stopping = false;
    bool trouble_told = false;

    void freed() {
        --open;
        if (!stopping) room.cancel();
    }
    static asio::awaitable<void> loop(std::shared_ptr<State> state);
    static int accept_some(const std::shared_ptr<State>& state);
};

Acceptor::Slot& Acceptor::Slot::operator=(Slot&& other) noexcept {
    if (this != &other) {
        if (state_) state_->freed();
        state_ = std::move(other.state_);
    }
    return *this;
}

Acceptor::Slot::~Slot() {
    if (state_) state_->freed();
}

// Accepts until there is nobody left or no room; answers the errno that stopped it, or 0.
int Acceptor::State::accept_some(const std::shared_ptr<State>& state) {
    for (int n = 0; n < most_in_a_row && !state->stopping && state->open < state->most; ++n) {
        UniqueFd fd(::accept4(state->listener.native_handle(), nullptr, nullptr,
                              SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (!fd) {
            if (concerns_one_client_only(errno)) continue;
            return errno == EAGAIN ? 0 : errno;
        }
        state->trouble_told = false;
        Slot slot;
        slot.state_ = state;
        ++state->open;
        state->take(std::move(fd), std::move(slot));
    }
    return 0;
}

asio::awaitable<void> Acceptor::State::loop(std::shared_ptr<State> state) {
    while (!state->stopping) {
        if (state->open >= state->most) {
            state->room.expires_at(never);
            co_await state->room.async_wait(as_result);
            continue;
        }
        const auto [error] = co_await state->listener.async_wait(
            asio::posix::stream_descriptor::wait_read, as_result);
        if (error || state->stopping) co_return;
        const int trouble = accept_some(state);
        if (trouble == 0 || state->stopping) continue;
        if (!std::exchange(state->trouble_told, true))
            log::warning("cannot accept on {}: {}; trying again every {} ms",
                         Address::local_of(state->listener.native_handle()).text(),
                         std::strerror(trouble), accept_back_off.count());
        state->room.expires_after(accept_back_off);
        co_await state->room.async_wait(as_result);
    }
}

Acceptor::Acceptor(asio::any_io_executor executor, UniqueFd listener, std::size_t most, Take take)
    : state_(std::make_shared<State>(std::move(executor), std::move(listener), most,
                                     std::move(take))) {
    asio::co_spawn(state_->executor, State::loop(state_), asio::detached);
}

Acceptor::~Acceptor() {
    state_->stopping = true;
    boost::system::error_code ignored;
    state_->listener.close(ignored);
    state_->room.cancel();
}

std::size_t Acceptor::open() const {
    return state_->open;
}

UniqueFd Acceptor::listener_copy() const {
    return duplicate(state_->listener.native_handle());
}

}  // namespace pgsteer::accept
