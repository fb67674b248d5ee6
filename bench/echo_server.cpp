// echo_server PORT [--close-at-once]: the other end of the connection benchmarks. Echoes what fits
// in one read (a byte, in practice) and closes when its peer does; with --close-at-once it closes
// every connection as soon as it is accepted. One thread, one epoll; prints "ready".
#include <array>

#include "base/privileges.h"
#include "loopback.h"

namespace {

using namespace pgsteer;

void accept_all(int listener, int epoll, bool close_at_once) {
    for (;;) {
        UniqueFd fd(::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (!fd) return;  // nobody left, or out of descriptors: the client then counts a failure
        if (close_at_once) continue;
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.fd = fd.get();
        if (::epoll_ctl(epoll, EPOLL_CTL_ADD, fd.get(), &event) != 0) bench::give_up("epoll_ctl");
        fd.release();  // the epoll set's now; closed by serve()
    }
}

void serve(int fd) {
    std::array<char, 4096> buffer;
    const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (got > 0) {
        ::send(fd, buffer.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL);
    } else if (got == 0 || errno != EAGAIN) {
        ::close(fd);
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) return std::fputs("usage: echo_server PORT [--close-at-once]\n", stderr), 2;
    const bool close_at_once = argc > 2 && std::string_view(argv[2]) == "--close-at-once";
    raise_descriptor_limit(20000);
    const UniqueFd listener =
        bench::listen_on(static_cast<std::uint16_t>(bench::number_argument(argv[1])));
    const UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = listener.get();
    ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, listener.get(), &event);
    std::puts("ready");
    (void)std::fflush(stdout);
    std::array<epoll_event, 256> events;
    for (;;) {
        const int count = ::epoll_wait(epoll.get(), events.data(), events.size(), -1);
        for (int i = 0; i < count; ++i) {
            const int fd = events[static_cast<std::size_t>(i)].data.fd;
            fd == listener.get() ? accept_all(fd, epoll.get(), close_at_once) : serve(fd);
        }
    }
}
