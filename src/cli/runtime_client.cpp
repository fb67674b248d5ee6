#include "cli/runtime_client.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/fd.h"
#include "config/keywords.h"

namespace pgsteer::cli {
namespace {

// More than the longest answer there is: 100,000 sessions.
constexpr std::size_t most_bytes = 64U << 20;

Result<std::vector<Address>> addresses_of(const std::string& socket) {
    if (socket.find(':') == std::string::npos && socket.find('@') == std::string::npos) {
        const auto path = Address::unix_path(socket);
        if (!path) return path.error();
        return std::vector{*path};
    }
    const auto endpoint = config::parse_endpoint(socket);
    if (!endpoint) return Error{fmt::format("'{}': {}", socket, endpoint.error().text)};
    if (endpoint->unix_socket) return std::vector{*endpoint->unix_socket};
    if (number(endpoint->port) == 0)
        return Error{fmt::format("'{}': write the path of a socket, or HOST:PORT", socket)};
    return resolve_host(endpoint->host, endpoint->port);
}

// False when the time is over.
bool wait_for(int fd, short events, TimePoint deadline) {
    for (;;) {
        const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now()).count();
        pollfd one{fd, events, 0};
        const int ready = ::poll(&one, 1, left > 0 ? static_cast<int>(left) : 0);
        if (ready > 0) return true;
        if (ready == 0 || errno != EINTR) return false;
    }
}

Result<UniqueFd> connect_to(const std::string& socket, TimePoint deadline) {
    const auto addresses = addresses_of(socket);
    if (!addresses) return addresses.error();
    Error last{fmt::format("cannot connect to {}", socket)};
    for (const Address& address : *addresses) {
        UniqueFd fd(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        if (!fd) return system_error("socket");
        if (::connect(fd.get(), address.get(), address.length()) == 0) return fd;
        int error_number = errno;
        if (error_number == EINPROGRESS) {
            socklen_t length = sizeof error_number;
            error_number = ETIMEDOUT;
            if (wait_for(fd.get(), POLLOUT, deadline))
                (void)::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error_number, &length);
            if (error_number == 0) return fd;
        }
        last = system_error("cannot connect to " + socket, error_number);
    }
    last.text += "; is a router running, and has its file a 'stats socket' line for it?";
    return last;
}

}  // namespace

Result<std::string> ask_router(const std::string& socket, const std::string& command,
                               milliseconds timeout) {
    const TimePoint deadline = after(Clock::now(), timeout);
    const auto fd = connect_to(socket, deadline);
    if (!fd) return fd.error();
    const std::string line = command + "\n";
    // Some bytes into an empty socket buffer: it takes all or is broken.
    if (::send(fd->get(), line.data(), line.size(), MSG_NOSIGNAL) < 0)
        return system_error("cannot write to " + socket);
    std::string text;
    std::array<char, 65536> chunk;
    while (text.size() < most_bytes) {
        if (!wait_for(fd->get(), POLLIN, deadline))
            return Error{fmt::format("{} did not answer within {} ms", socket, timeout.count())};
        const ssize_t got = ::recv(fd->get(), chunk.data(), chunk.size(), 0);
        if (got == 0) break;
        if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (got < 0) return system_error("cannot read from " + socket);
        text.append(chunk.data(), static_cast<std::size_t>(got));
    }
    if (text.ends_with("\n")) text.pop_back();
    return {boost::system::in_place_value, std::move(text)};
}

}  // namespace pgsteer::cli
