#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <cstring>

#include "base/fd.h"
#include "base/units.h"
#include "probe/net.h"

namespace pgsteer::probe {
namespace {

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;
using health::Failure;
using health::FailureKind;
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

// Errors that say something about this process, not about the node.
FailureKind kind_of(int error_number) {
    switch (error_number) {
        case EMFILE:
        case ENFILE:
        case ENOBUFS:
        case ENOMEM:
        case EADDRNOTAVAIL:
        case EACCES:
        case EPERM:
            return FailureKind::internal;
        case ETIMEDOUT:
            return FailureKind::connect_timeout;
        default:
            return FailureKind::connect;
    }
}

Failure failure_of(int error_number) {
    return Failure{kind_of(error_number), std::strerror(error_number)};
}

std::optional<Failure> open(Socket& socket, const Address& address) {
    // Not through asio: it would leave the descriptor open across exec.
    UniqueFd fd(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd) return Failure{FailureKind::internal, std::strerror(errno)};
    boost::system::error_code error;
    socket.close(error);
    socket.assign(asio::generic::stream_protocol(address.family(), 0), fd.get(), error);
    if (error) return Failure{FailureKind::internal, error.message()};
    fd.release();
    return std::nullopt;
}

asio::awaitable<std::optional<Failure>> connect_one(Socket& socket, const Address& address,
                                                    milliseconds timeout) {
    if (auto failure = open(socket, address)) co_return failure;
    const asio::generic::stream_protocol::endpoint endpoint(address.get(), address.length());
    asio::steady_timer timer(socket.get_executor(), timeout);
    const auto done =
        co_await (socket.async_connect(endpoint, as_result) || timer.async_wait(as_result));
    if (done.index() == 1)
        co_return Failure{FailureKind::connect_timeout,
                          "no connection within " + format_time(timeout)};
    const auto [error] = std::get<0>(done);
    if (error) co_return failure_of(error.value());
    co_return std::nullopt;
}

}  // namespace

asio::awaitable<std::optional<Failure>> connect(Socket& socket,
                                                const std::vector<Address>& addresses,
                                                milliseconds timeout) {
    std::optional<Failure> failure =
        Failure{FailureKind::connect, "no address: the name is not resolved"};
    for (const Address& address : addresses) {
        failure = co_await connect_one(socket, address, timeout);
        if (!failure) break;
    }
    co_return failure;
}

}  // namespace pgsteer::probe
