#include "agent/one_shot.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <optional>
#include <string>

#include "http/parser.h"

namespace pgsteer::agent {
namespace {

constexpr std::size_t most_request_bytes = 8192;
constexpr milliseconds longest_silence{1000};
constexpr milliseconds longest_request{5000};  // also for one that drips
constexpr milliseconds drain_time{1000};
constexpr std::size_t most_drained = 64 * 1024;

using Chunk = std::array<char, 2048>;

// Bytes read; 0 at the end, an error or the deadline.
std::size_t read_some(int fd, Chunk& chunk, TimePoint deadline) {
    for (;;) {
        const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now()).count();
        pollfd wanted{fd, POLLIN, 0};
        const int ready = ::poll(&wanted, 1, static_cast<int>(std::max<std::int64_t>(left, 0)));
        if (ready == 0) return 0;
        const ssize_t size = ready < 0 ? -1 : ::read(fd, chunk.data(), chunk.size());
        if (size >= 0) return static_cast<std::size_t>(size);
        if (errno != EINTR && errno != EAGAIN) return 0;
    }
}

http::Request plain_question() {
    http::Request request;
    request.method = "GET";
    request.path = "/";
    request.silent = true;
    return request;
}

}  // namespace

http::Request read_request(int fd) {
    const TimePoint last = after(Clock::now(), longest_request);
    std::string received;
    Chunk chunk;
    for (;;) {
        const std::size_t size =
            read_some(fd, chunk, std::min(last, after(Clock::now(), longest_silence)));
        if (size == 0) return plain_question();
        received.append(chunk.data(), size);
        const http::Parsed parsed = http::parse_request(received, most_request_bytes);
        if (parsed.state == http::ParseState::complete) return parsed.request;
        if (parsed.state != http::ParseState::need_more) return plain_question();
    }
}

probe::RoleState ask_once(boost::asio::io_context& io, const probe::WatchOptions& options) {
    std::optional<probe::RoleState> verdict;
    probe::WatchOptions once = options;
    once.door_interval = milliseconds(0);
    const probe::RoleWatcher watcher(io.get_executor(), once, [&](const probe::RoleState& state) {
        verdict = state;
        io.stop();
    });
    boost::asio::steady_timer bound(io, options.timeout);
    bound.async_wait([&io](const boost::system::error_code&) { io.stop(); });
    io.run();
    if (verdict) return *verdict;
    probe::RoleState unknown;
    unknown.node.reason = "no answer in time";
    return unknown;
}

void write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t size = ::write(fd, text.data(), text.size());
        if (size < 0 && errno == EINTR) continue;
        if (size <= 0) return;  // nobody is there to read it
        text.remove_prefix(static_cast<std::size_t>(size));
    }
}

void close_cleanly(int fd) {
    if (::shutdown(fd, SHUT_WR) != 0) return;
    const TimePoint deadline = after(Clock::now(), drain_time);
    Chunk chunk;
    std::size_t drained = 0;
    while (drained < most_drained) {
        const std::size_t size = read_some(fd, chunk, deadline);
        if (size == 0) return;
        drained += size;
    }
}

}  // namespace pgsteer::agent
