#include "router/socket.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <netinet/tcp.h>
#include <pwd.h>
#include <sys/stat.h>

#include "base/units.h"

namespace pgsteer::router {
namespace {

constexpr int default_backlog = 4096;  // net.core.somaxconn's default since Linux 5.4

bool set(int fd, int level, int option, int value) {
    return ::setsockopt(fd, level, option, &value, sizeof value) == 0;
}

UniqueFd stream_socket(int family) {
    return UniqueFd(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

Result<void> bind_to(int fd, const Address& address, const config::Bind& bind, bool share_port) {
    (void)set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    // Neither word: the system's default (net.ipv6.bindv6only), as with HAProxy.
    if (address.family() == AF_INET6 && (bind.v6only || bind.v4v6))
        (void)set(fd, IPPROTO_IPV6, IPV6_V6ONLY, bind.v6only ? 1 : 0);
    if (share_port && !set(fd, SOL_SOCKET, SO_REUSEPORT, 1))
        return system_error("cannot share " + address.text() + " between workers");
    if (bind.interface && address.is_ip() &&
        ::setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, bind.interface->c_str(),
                     static_cast<socklen_t>(bind.interface->size())) != 0)
        return system_error("cannot use interface " + *bind.interface);
    if (::bind(fd, address.get(), address.length()) != 0)
        return system_error("cannot bind " + address.text());
    return {};
}

// A path left over by a dead process is taken over; one that somebody answers on is not, unless it
// is the router that this one replaces.
Result<void> clear_stale_path(const Address& address, bool replacing) {
    const std::string path = address.host();
    struct stat found {};
    if (path.starts_with('@') || ::lstat(path.c_str(), &found) != 0) return {};
    if (!S_ISSOCK(found.st_mode))
        return Error{fmt::format("cannot bind {}: it exists and is not a socket", path)};
    if (!replacing) {
        const UniqueFd caller = stream_socket(AF_UNIX);
        if (!caller) return system_error("cannot make a socket for " + path);
        // EAGAIN: its queue is full, so somebody does listen. ECONNREFUSED alone means nobody.
        if (::connect(caller.get(), address.get(), address.length()) == 0 || errno == EAGAIN)
            return system_error("cannot bind " + path, EADDRINUSE);
        if (errno != ECONNREFUSED) return system_error("cannot bind " + path);
    }
    if (::unlink(path.c_str()) != 0) return system_error("cannot remove stale socket " + path);
    return {};
}

Result<uid_t> user_id(const std::string& name) {
    if (const passwd* entry = ::getpwnam(name.c_str())) return entry->pw_uid;
    const auto id = parse_integer(name, 0, UINT32_MAX - 1);
    if (!id) return Error{fmt::format("user '{}' does not exist", name)};
    return static_cast<uid_t>(*id);
}

Result<gid_t> group_id(const std::string& name) {
    if (const ::group* entry = ::getgrnam(name.c_str())) return entry->gr_gid;
    const auto id = parse_integer(name, 0, UINT32_MAX - 1);
    if (!id) return Error{fmt::format("group '{}' does not exist", name)};
    return static_cast<gid_t>(*id);
}

}  // namespace

Result<void> set_rights(const Address& address, const config::Bind& bind) {
    const std::string path = address.host();
    struct stat is {};
    if (path.starts_with('@') || ::lstat(path.c_str(), &is) != 0) return {};
    if (bind.mode && (is.st_mode & 07777) != *bind.mode && ::chmod(path.c_str(), *bind.mode) != 0)
        return system_error("cannot set the mode of " + path);
    auto user = static_cast<uid_t>(-1);  // -1: stays as it is (chown(2))
    auto group = static_cast<gid_t>(-1);
    if (bind.user) {
        const auto found = user_id(*bind.user);
        if (!found) return found.error();
        user = *found;
    }
    if (bind.group) {
        const auto found = group_id(*bind.group);
        if (!found) return found.error();
        group = *found;
    }
    const bool same = (!bind.user || user == is.st_uid) && (!bind.group || group == is.st_gid);
    if (!same && ::chown(path.c_str(), user, group) != 0)
        return system_error("cannot set the owner of " + path);
    return {};
}

Result<UniqueFd> open_socket(const Address& address, const config::Bind& bind,
                             const SocketOptions& options) {
    UniqueFd fd = stream_socket(address.family());
    if (!fd) return system_error("cannot make a socket for " + address.text());
    if (address.is_unix())
        if (auto cleared = clear_stale_path(address, options.replacing); !cleared)
            return cleared.error();
    if (auto bound = bind_to(fd.get(), address, bind, options.share_port); !bound)
        return bound.error();
    // Before listen(), so that nobody connects while the path still has other rights.
    if (address.is_unix())
        if (auto done = set_rights(address, bind); !done) return done.error();
    if (::listen(fd.get(), bind.backlog.value_or(default_backlog)) != 0)
        return system_error("cannot listen on " + address.text());
    return fd;
}

Result<void> port_is_free(const Address& address, const config::Bind& bind) {
    const UniqueFd fd = stream_socket(address.family());
    if (!fd) return system_error("cannot make a socket for " + address.text());
    return bind_to(fd.get(), address, bind, false);
}

Result<UniqueFd> inherited_socket(int number) {
    int listening = 0;
    int type = 0;
    socklen_t length = sizeof listening;
    if (::getsockopt(number, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) != 0)
        return system_error(fmt::format("cannot use fd@{}", number));
    length = sizeof type;
    if (::getsockopt(number, SOL_SOCKET, SO_TYPE, &type, &length) != 0 || type != SOCK_STREAM ||
        listening == 0)
        return Error{fmt::format("cannot use fd@{}: it is not a listening stream socket", number)};
    const int status = ::fcntl(number, F_GETFL);
    if (status < 0 || ::fcntl(number, F_SETFL, status | O_NONBLOCK) != 0 ||
        ::fcntl(number, F_SETFD, FD_CLOEXEC) != 0)
        return system_error(fmt::format("cannot use fd@{}", number));
    return UniqueFd(number);
}

// A refused option is not worth refusing to start: all of them exist since Linux 2.6.37.
void set_session_options(int listener, const config::Bind& bind,
                         const config::KeepaliveOptions& keepalive) {
    (void)set(listener, IPPROTO_TCP, TCP_NODELAY, 1);
    if (bind.tcp_user_timeout)
        (void)set(listener, IPPROTO_TCP, TCP_USER_TIMEOUT,
                  static_cast<int>(bind.tcp_user_timeout->count()));
    (void)set(listener, SOL_SOCKET, SO_KEEPALIVE, keepalive.enabled ? 1 : 0);
    if (!keepalive.enabled) return;
    if (keepalive.idle)
        (void)set(listener, IPPROTO_TCP, TCP_KEEPIDLE, static_cast<int>(keepalive.idle->count()));
    if (keepalive.interval)
        (void)set(listener, IPPROTO_TCP, TCP_KEEPINTVL,
                  static_cast<int>(keepalive.interval->count()));
    if (keepalive.count)
        (void)set(listener, IPPROTO_TCP, TCP_KEEPCNT, static_cast<int>(*keepalive.count));
}

OwnedPath owned_path(const Address& address) {
    struct stat found {};
    if (!address.is_unix() || address.host().starts_with('@') ||
        ::lstat(address.host().c_str(), &found) != 0)
        return {};
    return {address.host(), found.st_dev, found.st_ino};
}

void remove_paths(const std::vector<OwnedPath>& paths) {
    for (const OwnedPath& owned : paths) {
        struct stat found {};
        if (::lstat(owned.path.c_str(), &found) == 0 && found.st_dev == owned.device &&
            found.st_ino == owned.inode)
            (void)::unlink(owned.path.c_str());
    }
}

}  // namespace pgsteer::router
