#include "base/service_manager.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>

#include "base/address.h"
#include "base/fd.h"
#include "base/units.h"

namespace pgsteer {

namespace {

// "fd@7", of held_manager.
constexpr std::string_view held = "fd@";

// Connected; none when it cannot be.
UniqueFd reach(std::string_view socket) {
    const auto address = socket.front() == '@' ? Address::unix_abstract(socket.substr(1))
                                               : Address::unix_path(socket);
    if (!address) return UniqueFd();
    UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!fd || ::connect(fd.get(), address->get(), address->length()) != 0) return UniqueFd();
    return fd;
}

void send(int fd, std::string_view state) {
    (void)::send(fd, state.data(), state.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

}  // namespace

void notify_manager(std::string_view socket, std::string_view state) {
    if (socket.empty()) return;
    if (socket.starts_with(held)) {
        const auto fd = parse_integer(socket.substr(held.size()), 0, INT32_MAX);
        if (fd) send(static_cast<int>(*fd), state);
    } else if (const UniqueFd fd = reach(socket)) {
        send(fd.get(), state);
    }
}

std::string held_manager(const std::string& socket) {
    if (socket.empty()) return socket;
    UniqueFd fd = reach(socket);
    return fd ? fmt::format("{}{}", held, fd.release()) : "";
}

namespace {

constexpr int first_passed = 3;     // SD_LISTEN_FDS_START
constexpr int most_passed = 1'000;  // nobody passes more; a mistyped number is not believed

// Is the variable meant for this process? It may have been inherited.
bool is_for_us(const char* variable) {
    const char* text = std::getenv(variable);
    if (text == nullptr) return false;
    const auto pid = parse_integer(text, 1, INT32_MAX);
    return pid && *pid == ::getpid();
}

}  // namespace

std::string reloading_state() {
    timespec now{};
    (void)::clock_gettime(CLOCK_MONOTONIC, &now);
    return fmt::format("RELOADING=1\nMONOTONIC_USEC={}",
                       now.tv_sec * 1'000'000LL + now.tv_nsec / 1000);
}

milliseconds watchdog_interval() {
    const char* text = std::getenv("WATCHDOG_USEC");
    if (text == nullptr) return milliseconds(0);
    if (std::getenv("WATCHDOG_PID") != nullptr && !is_for_us("WATCHDOG_PID"))
        return milliseconds(0);
    const auto value = parse_integer(text, 1'000, INT64_MAX / 1000);
    if (!value) return milliseconds(0);
    return std::chrono::duration_cast<milliseconds>(microseconds(*value) / 2);
}

std::vector<UniqueFd> passed_listeners() {
    std::vector<UniqueFd> listeners;
    const char* text = std::getenv("LISTEN_FDS");
    const auto count =
        text != nullptr ? parse_integer(text, 0, most_passed) : parse_integer("0", 0, 0);
    const bool ours = is_for_us("LISTEN_PID");
    for (const char* variable : {"LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"})
        ::unsetenv(variable);
    if (!count || !ours) return listeners;
    for (int fd = first_passed; fd < first_passed + *count; ++fd) {
        int listening = 0;
        socklen_t length = sizeof listening;
        if (::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) != 0) continue;
        (void)::fcntl(fd, F_SETFD, FD_CLOEXEC);
        (void)::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
        if (listening != 0) listeners.emplace_back(fd);
    }
    return listeners;
}

}  // namespace pgsteer
