#include "router/listen.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <netinet/tcp.h>
#include <pwd.h>
#include <sys/stat.h>

namespace pgsteer::router {
namespace {

constexpr int default_backlog = 4096;

Result<void> set(int fd, int level, int option, int value, std::string_view name) {
    if (::setsockopt(fd, level, option, &value, sizeof value) == 0) return {};
    return system_error(name);
}

Result<std::vector<Address>> addresses_of(const config::Bind& bind) {
    switch (bind.kind) {
        case config::Bind::Kind::any_ipv4:
            return std::vector<Address>{Address::any_ipv4(bind.endpoint.port)};
        case config::Bind::Kind::any_ipv6:
            return std::vector<Address>{Address::any_ipv6(bind.endpoint.port)};
        case config::Bind::Kind::endpoint:
            return resolve_host(bind.endpoint.host, bind.endpoint.port);
        case config::Bind::Kind::unix_socket:
            return std::vector<Address>{*bind.endpoint.unix_socket};
        case config::Bind::Kind::descriptor:
            break;
    }
    return std::vector<Address>{};
}

UniqueFd stream_socket(int family) {
    return UniqueFd(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

// Linux lets accepted sockets inherit these from the listener (tcp_create_openreq_child), which
// saves the calls a session.
void set_session_options(int fd, const config::Bind& bind, const config::KeepaliveOptions& keep) {
    (void)set(fd, IPPROTO_TCP, TCP_NODELAY, 1, "TCP_NODELAY");
    if (bind.tcp_user_timeout)
        (void)set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT,
                  static_cast<int>(bind.tcp_user_timeout->count()), "TCP_USER_TIMEOUT");
    if (!keep.enabled) return;
    (void)set(fd, SOL_SOCKET, SO_KEEPALIVE, 1, "SO_KEEPALIVE");
    if (keep.idle)
        (void)set(fd, IPPROTO_TCP, TCP_KEEPIDLE, static_cast<int>(keep.idle->count()), "");
    if (keep.interval)
        (void)set(fd, IPPROTO_TCP, TCP_KEEPINTVL, static_cast<int>(keep.interval->count()), "");
    if (keep.count) (void)set(fd, IPPROTO_TCP, TCP_KEEPCNT, static_cast<int>(*keep.count), "");
}

Result<void> bind_to(int fd, const Address& address, const config::Bind& bind, bool share_port) {
    (void)set(fd, SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR");
    if (address.family() == AF_INET6)
        (void)set(fd, IPPROTO_IPV6, IPV6_V6ONLY, bind.v4v6 ? 0 : 1, "IPV6_V6ONLY");
    if (share_port)
        if (auto done = set(fd, SOL_SOCKET, SO_REUSEPORT, 1, "SO_REUSEPORT"); !done) return done;
    if (bind.interface && ::setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, bind.interface->c_str(),
                                       static_cast<socklen_t>(bind.interface->size())) != 0)
        return system_error("cannot use interface " + *bind.interface);
    if (::bind(fd, address.get(), address.length()) != 0)
        return system_error("cannot bind " + address.text());
    return {};
}

// A path left over by a dead process is taken over; one that somebody answers on is not.
Result<void> clear_stale_path(const Address& address) {
    const std::string path = address.host();
    struct stat found {};
    if (path.front() == '@' || ::lstat(path.c_str(), &found) != 0) return {};
    if (!S_ISSOCK(found.st_mode))
        return Error{fmt::format("cannot bind {}: it exists and is not a socket", path)};
    const UniqueFd probe = stream_socket(AF_UNIX);
    if (::connect(probe.get(), address.get(), address.length()) == 0 || errno == EAGAIN)
        return Error{fmt::format("cannot bind {}: another process listens there", path)};
    if (::unlink(path.c_str()) != 0) return system_error("cannot remove stale socket " + path);
    return {};
}

Result<void> own_path(const Address& address, const config::Bind& bind) {
    const std::string path = address.host();
    if (path.front() == '@') return {};
    if (bind.mode && ::chmod(path.c_str(), *bind.mode) != 0) return system_error("chmod " + path);
    uid_t user = static_cast<uid_t>(-1);
    gid_t group = static_cast<gid_t>(-1);
    if (bind.user) {
        const passwd* entry = ::getpwnam(bind.user->c_str());
        if (entry == nullptr) return Error{fmt::format("user '{}' does not exist", *bind.user)};
        user = entry->pw_uid;
    }
    if (bind.group) {
        const ::group* entry = ::getgrnam(bind.group->c_str());
        if (entry == nullptr) return Error{fmt::format("group '{}' does not exist", *bind.group)};
        group = entry->gr_gid;
    }
    if ((bind.user || bind.group) && ::chown(path.c_str(), user, group) != 0)
        return system_error("chown " + path);
    return {};
}

Result<UniqueFd> inherited(int number) {
    int listening = 0;
    socklen_t length = sizeof listening;
    if (::getsockopt(number, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) != 0 || listening == 0)
        return Error{fmt::format("fd@{} is not a listening socket", number)};
    if (::fcntl(number, F_SETFL, ::fcntl(number, F_GETFL) | O_NONBLOCK) != 0 ||
        ::fcntl(number, F_SETFD, FD_CLOEXEC) != 0)
        return system_error(fmt::format("fd@{}", number));
    return UniqueFd(number);
}

Result<UniqueFd> open_one(const Address& address, const config::Bind& bind, bool share_port) {
    UniqueFd fd = stream_socket(address.family());
    if (!fd) return system_error("cannot make a socket for " + address.text());
    if (address.is_unix())
        if (auto cleared = clear_stale_path(address); !cleared) return cleared.error();
    if (auto bound = bind_to(fd.get(), address, bind, share_port); !bound) return bound.error();
    if (address.is_unix())
        if (auto owned = own_path(address, bind); !owned) return owned.error();
    if (::listen(fd.get(), bind.backlog.value_or(default_backlog)) != 0)
        return system_error("cannot listen on " + address.text());
    return fd;
}

// SO_REUSEPORT would let two routers of one user share a port without a word: the first socket is
// bound without it to see that the port is free.
Result<void> port_is_free(const Address& address, const config::Bind& bind) {
    if (number(address.port()) == 0) return {};
    const UniqueFd fd = stream_socket(address.family());
    if (!fd) return system_error("cannot make a socket for " + address.text());
    return bind_to(fd.get(), address, bind, false);
}

Result<void> open_address(const Address& address, const config::Bind& bind,
                          const config::Frontend& frontend, routing::FrontendId id,
                          std::size_t workers, std::vector<relay::Listener>& listeners) {
    if (address.is_unix()) {
        auto fd = open_one(address, bind, false);
        if (!fd) return fd.error();
        listeners.push_back({std::move(*fd), id, true, 0});
        return {};
    }
    if (auto free = port_is_free(address, bind); !free) return free;
    for (std::size_t worker = 0; worker < workers; ++worker) {
        auto fd = open_one(address, bind, true);
        if (!fd) return fd.error();
        set_session_options(fd->get(), bind, frontend.keepalive);
        listeners.push_back({std::move(*fd), id, false, worker});
    }
    return {};
}

Result<void> open_bind(const config::Bind& bind, const config::Frontend& frontend,
                       routing::FrontendId id, std::size_t workers,
                       std::vector<relay::Listener>& listeners) {
    if (bind.kind == config::Bind::Kind::descriptor) {
        auto fd = inherited(*bind.descriptor);
        if (!fd) return fd.error();
        set_session_options(fd->get(), bind, frontend.keepalive);
        listeners.push_back({std::move(*fd), id, true, 0});
        return {};
    }
    const auto addresses = addresses_of(bind);
    if (!addresses) return addresses.error();
    for (const Address& address : *addresses)
        if (auto opened = open_address(address, bind, frontend, id, workers, listeners); !opened)
            return opened;
    return {};
}

}  // namespace

Opened open_frontend(const config::Frontend& frontend, routing::FrontendId id,
                     std::size_t workers) {
    Opened opened;
    for (const config::Bind& bind : frontend.binds)
        if (auto done = open_bind(bind, frontend, id, workers, opened.listeners); !done)
            opened.failures.push_back({bind.at, done.error().text});
    return opened;
}

Result<UniqueFd> open_page(const config::Bind& bind) {
    if (bind.kind == config::Bind::Kind::descriptor) return inherited(*bind.descriptor);
    const auto addresses = addresses_of(bind);
    if (!addresses) return addresses.error();
    return open_one(addresses->front(), bind, false);
}

}  // namespace pgsteer::router
