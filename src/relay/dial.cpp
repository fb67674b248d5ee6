#include "relay/dial.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace pgsteer::relay {
namespace {

void set_option(int fd, int level, int option, int value) {
    // Only a socket of another family refuses (a unix server): nothing to do there.
    (void)::setsockopt(fd, level, option, &value, sizeof value);
}

void set_options(int fd, const routing::BackendRow& backend) {
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    if (backend.tcp_user_timeout.count() > 0)
        set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT,
                   static_cast<int>(backend.tcp_user_timeout.count()));
    if (!backend.keepalive.enabled) return;
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    if (backend.keepalive.idle.count() > 0)
        set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, static_cast<int>(backend.keepalive.idle.count()));
    if (backend.keepalive.interval.count() > 0)
        set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL,
                   static_cast<int>(backend.keepalive.interval.count()));
    if (backend.keepalive.count > 0)
        set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, static_cast<int>(backend.keepalive.count));
}

// One port of a range after the other, from the one whose turn it is.
UniqueFd dial_from(const routing::BackendRow& backend, const routing::ServerRow& server,
                   const Address& address) {
    const Origin& origin = server.outbound->origin;
    const std::uint32_t tries = std::min(origin.ports(), most_ports_tried);
    for (std::uint32_t i = 0; i < tries; ++i) {
        UniqueFd fd = open_socket(origin, address.family());
        if (!fd) return {};
        if (address.is_ip()) set_options(fd.get(), backend);
        const std::uint32_t turn =
            tries > 1 ? server.shared->turn.fetch_add(1, std::memory_order_relaxed) : 0;
        if (bind_socket(fd.get(), origin, turn) && connect_to(fd.get(), address)) return fd;
        if (!is_about_port(errno)) return {};
    }
    return {};
}

}  // namespace

bool connect_to(int fd, const Address& address) {
    return ::connect(fd, address.get(), address.length()) == 0 || errno == EINPROGRESS;
}

UniqueFd dial(const routing::BackendRow& backend, const routing::ServerRow& server,
              const Address& address) {
    if (server.outbound) return dial_from(backend, server, address);
    UniqueFd fd(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd) return {};
    if (address.is_ip()) set_options(fd.get(), backend);
    if (!connect_to(fd.get(), address)) return {};
    return fd;
}

}  // namespace pgsteer::relay
