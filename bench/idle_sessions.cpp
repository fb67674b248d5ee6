// idle_sessions PORT COUNT: opens COUNT sessions, sends one byte through each and reads it back (so
// each is a real session that has moved data), prints "ready", and keeps them until stdin ends.
#include <vector>

#include "base/privileges.h"
#include "loopback.h"

int main(int argc, char** argv) {
    using namespace pgsteer;
    if (argc != 3) return std::fputs("usage: idle_sessions PORT COUNT\n", stderr), 2;
    const auto port = static_cast<std::uint16_t>(bench::number_argument(argv[1]));
    const std::uint32_t count = bench::number_argument(argv[2]);
    raise_descriptor_limit(count + 64);
    std::vector<UniqueFd> sessions;
    sessions.reserve(count);
    for (std::uint32_t i = 0; i < count; ++i) {
        sessions.push_back(bench::start_connect(port, i, 0));
        char byte = 'x';
        const int fd = sessions.back().get();
        if (::send(fd, &byte, 1, MSG_NOSIGNAL) != 1 || ::recv(fd, &byte, 1, 0) != 1)
            bench::give_up("no echo");
    }
    std::puts("ready");
    (void)std::fflush(stdout);
    while (std::getchar() != EOF) {
    }
}
