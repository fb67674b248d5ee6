// How lines get to each kind of target.
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "base/fd.h"
#include "base/log_sink.h"

namespace pgsteer::log {
namespace {

// The target's name is of whom the loss is told; here is only why.
Error why() {
    return Error{::strerror(errno)};
}

struct Sockets {
    UniqueFd plain;
    // To a path, and connected at start: it is what is left where the path is out of reach, within
    // a chroot or as another user.
    UniqueFd connected = {};
};

ssize_t send_again(int fd, const std::string& part, const Address* to) {
    ssize_t sent = -1;
    do {
        sent = to != nullptr
                   ? ::sendto(fd, part.data(), part.size(), MSG_NOSIGNAL, to->get(), to->length())
                   : ::send(fd, part.data(), part.size(), MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent;
}

// Unconnected, as HAProxy sends: a syslog daemon that was started anew is found by its address.
Sink::Deliver to_socket(std::shared_ptr<const Sockets> sockets, Address address) {
    return [sockets = std::move(sockets), address](const Packet& packet) -> Result<void> {
        for (const std::string& part : packet) {
            if (send_again(sockets->plain.get(), part, &address) >= 0) continue;
            const int error_number = errno;
            if (sockets->connected && send_again(sockets->connected.get(), part, nullptr) >= 0)
                continue;
            errno = error_number;
            return why();
        }
        return {};
    };
}

Result<void> write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(fd, bytes.data(), bytes.size());
        if (written > 0) {
            bytes.remove_prefix(static_cast<std::size_t>(written));
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            // Somebody else made this descriptor non-blocking.
            pollfd room{fd, POLLOUT, 0};
            if (::poll(&room, 1, -1) < 0 && errno != EINTR) return why();
        } else if (errno != EINTR) {
            return why();
        }
    }
    return {};
}

Sink::Deliver to_descriptor(int fd) {
    return [fd](const Packet& packet) -> Result<void> {
        for (const std::string& part : packet)
            if (const auto written = write_all(fd, part); !written) return written;
        return {};
    };
}

Result<void> to_journal(const Packet& packet) {
    std::vector<iovec> fields;
    for (const std::string& field : packet)
        fields.push_back({const_cast<char*>(field.data()), field.size()});
    const int status = ::sd_journal_sendv(fields.data(), static_cast<int>(fields.size()));
    if (status < 0) return Error{::strerror(-status)};
    return {};
}

Result<Address> address_of(const Target& target) {
    if (target.kind == Target::Kind::unix_socket) return target.local;
    const auto found = resolve_host(target.host, target.port);
    if (!found) return found.error();
    for (const Address& address : *found)
        if (target.family == 0 || address.family() == target.family) return address;
    return Error{"no address of the wanted family"};
}

}  // namespace

Result<Sink::Deliver> open_target(const Target& target) {
    const std::string name = "log " + target.place();
    if (target.kind == Target::Kind::journal) return Sink::Deliver(to_journal);
    if (target.kind == Target::Kind::descriptor) {
        if (::fcntl(target.descriptor, F_GETFD) < 0) return system_error(name);
        return to_descriptor(target.descriptor);
    }
    const auto address = address_of(target);
    if (!address) return Error{name + ": " + address.error().text};
    const auto open = [&] {
        return UniqueFd(::socket(address->family(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
    };
    Sockets sockets{open()};
    if (!sockets.plain) return system_error(name);
    if (address->is_unix()) {
        sockets.connected = open();
        if (::connect(sockets.connected.get(), address->get(), address->length()) != 0)
            sockets.connected.reset();
    }
    return to_socket(std::make_shared<const Sockets>(std::move(sockets)), *address);
}

}  // namespace pgsteer::log
