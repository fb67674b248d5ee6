// Loopback TCP for the benchmark programs: sockets and the one way they give up. These are tools of
// one thread that stop at the first surprise, so a failure ends the program with its reason.
#pragma once

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "base/fd.h"

namespace pgsteer::bench {

[[noreturn]] inline void give_up(const char* what) {
    std::fprintf(stderr, "%s: %s\n", what, std::strerror(errno));
    std::exit(1);
}

inline std::uint32_t number_argument(std::string_view text) {
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) {
        std::fprintf(stderr, "'%.*s' is not a number\n", static_cast<int>(text.size()),
                     text.data());
        std::exit(2);
    }
    return value;
}

inline sockaddr_in loopback(std::uint32_t host_order_ip, std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(host_order_ip);
    address.sin_port = htons(port);
    return address;
}

inline UniqueFd listen_on(std::uint16_t port) {
    UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const int on = 1;
    const sockaddr_in address = loopback(INADDR_LOOPBACK, port);
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(fd.get(), SOMAXCONN) != 0)
        give_up("listen");
    return fd;
}

// A connect under way to 127.0.0.1:port. `turn` spreads the source over 127.0.1.1..200, so that
// sockets in TIME_WAIT never use up the ports of one source address.
inline UniqueFd start_connect(std::uint16_t port, std::uint32_t turn, int extra_flags) {
    UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | extra_flags, 0));
    if (!fd) give_up("socket");
    const int on = 1;
    ::setsockopt(fd.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    const sockaddr_in source = loopback(0x7f000101 + turn % 200, 0);
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&source), sizeof source) != 0)
        give_up("bind");
    const sockaddr_in target = loopback(INADDR_LOOPBACK, port);
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&target), sizeof target) != 0 &&
        errno != EINPROGRESS)
        give_up("connect");
    return fd;
}

}  // namespace pgsteer::bench
