#include "base/outbound.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>

#include <cerrno>
#include <cstdlib>

namespace pgsteer {
namespace {

UniqueFd plain_socket(int family) {
    return UniqueFd(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

// A socket stays in the network it was made in; only this thread visits it. The name is looked up
// each time: a network may go and come back.
UniqueFd socket_in(const std::string& network, int family) {
    const UniqueFd home(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    if (!home) return {};
    const UniqueFd other(::open(network_path(network).c_str(), O_RDONLY | O_CLOEXEC));
    if (!other || ::setns(other.get(), CLONE_NEWNET) != 0) return {};
    UniqueFd fd = plain_socket(family);
    const int error_number = errno;
    // A thread lost in another network would connect other clients to the wrong servers.
    if (::setns(home.get(), CLONE_NEWNET) != 0) std::abort();
    errno = error_number;
    return fd;
}

bool is_any(const Address& address) {
    return address.with_port(Port{0}) == Address::any_ipv4(Port{0}) ||
           address.with_port(Port{0}) == Address::any_ipv6(Port{0});
}

}  // namespace

std::string Origin::text() const {
    std::string said;
    if (address.is_ip()) {
        said = "source " + address.with_port(first).text();
        if (last != first) said += fmt::format("-{}", number(last));
    }
    if (!interface.empty()) said += (said.empty() ? "interface " : " interface ") + interface;
    if (!network.empty()) said += (said.empty() ? "namespace " : " namespace ") + network;
    return said;
}

std::string network_path(const std::string& network) {
    return "/var/run/netns/" + network;
}

UniqueFd open_socket(const Origin& origin, int family) {
    UniqueFd fd = origin.network.empty() ? plain_socket(family) : socket_in(origin.network, family);
    if (!fd || origin.interface.empty() || family == AF_UNIX) return fd;
    const auto length = static_cast<socklen_t>(origin.interface.size());
    if (::setsockopt(fd.get(), SOL_SOCKET, SO_BINDTODEVICE, origin.interface.c_str(), length) == 0)
        return fd;
    return {};
}

bool bind_socket(int fd, const Origin& origin, std::uint32_t turn) {
    const int on = 1;
    if (!origin.address.is_ip() || Address::local_of(fd).is_unix()) return true;
    const bool any_port = number(origin.first) == 0;
    if (any_port && is_any(origin.address)) return true;
    // Else the port would be taken for all servers before it is known to whom it goes.
    if (any_port)
        (void)::setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    else
        (void)::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const std::uint32_t port = any_port ? 0 : number(origin.first) + turn % origin.ports();
    const Address address = origin.address.with_port(Port{static_cast<std::uint16_t>(port)});
    return ::bind(fd, address.get(), address.length()) == 0;
}

bool is_about_port(int error_number) {
    return error_number == EADDRINUSE || error_number == EADDRNOTAVAIL;
}

}  // namespace pgsteer
