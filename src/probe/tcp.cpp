#include <sys/socket.h>

#include <algorithm>
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

Failure failure_of(int error_number, const Origin& origin) {
    const std::string text = std::strerror(error_number);
    return Failure{kind_of(error_number),
                   origin.given() ? text + " (" + origin.text() + ")" : text};
}

// Which port of its range a check takes next; the control thread's.
std::uint32_t next_turn() {
    static std::uint32_t turn = 0;
    return turn++;
}

// An error number; 0: it is open.
int open(Socket& socket, const Address& address, const Origin& origin) {
    // Not through asio: it would leave the descriptor open across exec.
    UniqueFd fd = open_socket(origin, address.family());
    if (!fd || !bind_socket(fd.get(), origin, next_turn())) return errno;
    boost::system::error_code error;
    socket.close(error);
    socket.assign(asio::generic::stream_protocol(address.family(), 0), fd.get(), error);
    if (error) return error.value();
    fd.release();
    return 0;
}

asio::awaitable<std::optional<Failure>> connect_one(Socket& socket, const Address& address,
                                                    const Origin& origin, milliseconds timeout) {
    const asio::generic::stream_protocol::endpoint endpoint(address.get(), address.length());
    asio::steady_timer timer(socket.get_executor(), timeout);
    int error_number = 0;
    const std::uint32_t tries = std::min(origin.ports(), most_ports_tried);
    for (std::uint32_t i = 0; i < tries; ++i) {
        error_number = open(socket, address, origin);
        if (error_number == 0) {
            const auto done =
                co_await (socket.async_connect(endpoint, as_result) || timer.async_wait(as_result));
            if (done.index() == 1)
                co_return Failure{FailureKind::connect_timeout,
                                  "no connection within " + format_time(timeout)};
            const auto [error] = std::get<0>(done);
            if (!error) co_return std::nullopt;
            error_number = error.value();
        }
        if (!is_about_port(error_number)) break;
    }
    co_return failure_of(error_number, origin);
}

}  // namespace

asio::awaitable<std::optional<Failure>> connect(Socket& socket,
                                                const std::vector<Address>& addresses,
                                                const Origin& origin, milliseconds timeout) {
    std::optional<Failure> failure =
        Failure{FailureKind::connect, "no address: the name is not resolved"};
    for (const Address& address : addresses) {
        failure = co_await connect_one(socket, address, origin, timeout);
        if (!failure) break;
    }
    co_return failure;
}

}  // namespace pgsteer::probe
