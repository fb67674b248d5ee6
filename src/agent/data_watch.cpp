#include "agent/data_watch.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/log.h"

namespace pgsteer::agent {
namespace {

// PostgreSQL 15 manual, 73.1 "Database File Layout"; PostgreSQL removes standby.signal when it ends
// recovery (xlogrecovery.c), and rewrites the last line of postmaster.pid when its state changes.
constexpr std::uint32_t changes =
    IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_MODIFY | IN_CLOSE_WRITE;

std::optional<DataChange> what_it_tells(std::string_view name, std::uint32_t mask) {
    const bool is_signal = name == "standby.signal" || name == "recovery.signal";
    if (is_signal && (mask & (IN_DELETE | IN_MOVED_FROM)) != 0) return DataChange::recovery_ends;
    if (is_signal || name == "postmaster.pid") return DataChange::of_interest;
    return std::nullopt;
}

}  // namespace

DataWatch::DataWatch(const boost::asio::any_io_executor& executor, std::string directory,
                     std::function<void(DataChange)> on_change)
    : directory_(std::move(directory)), on_change_(std::move(on_change)), events_(executor) {
    const int fd = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (fd < 0) {
        log::warning("cannot watch {}: {}", directory_, ::strerror(errno));
        return;
    }
    boost::system::error_code failed;
    events_.assign(fd, failed);
    if (failed) {
        ::close(fd);
        return;
    }
    if (::inotify_add_watch(fd, directory_.c_str(), changes) < 0) {
        log::notice("the data directory {} is not watched: {}; PostgreSQL is asked all the same",
                    directory_, ::strerror(errno));
        return;
    }
    wait();
}

void DataWatch::wait() {
    events_.async_wait(
        boost::asio::posix::stream_descriptor::wait_read,
        [this, alive = std::weak_ptr(alive_)](const boost::system::error_code& error) {
            if (error || alive.expired()) return;
            if (const auto change = drain()) on_change_(*change);
            wait();
        });
}

std::optional<DataChange> DataWatch::drain() {
    alignas(inotify_event) std::array<char, 4096> buffer{};
    std::optional<DataChange> most;
    for (;;) {
        const ssize_t size = ::read(events_.native_handle(), buffer.data(), buffer.size());
        if (size <= 0) return most;
        for (std::size_t at = 0; at + sizeof(inotify_event) <= static_cast<std::size_t>(size);) {
            inotify_event event{};
            std::memcpy(&event, buffer.data() + at, sizeof event);
            std::optional<DataChange> told;
            if (event.mask & IN_Q_OVERFLOW) told = DataChange::of_interest;
            if (event.len > 0) told = what_it_tells(buffer.data() + at + sizeof event, event.mask);
            most = std::max(most, told);
            at += sizeof event + event.len;
        }
    }
}

}  // namespace pgsteer::agent
