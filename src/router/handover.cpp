// HAProxy 2.6's format (_getsocks in src/cli.c, sock_get_old_sockets in src/sock.c): an int, how
// many there are; then messages of up to 252 descriptors, each with these bytes for every one:
// length and name of its network namespace, length and name of its interface, an int of 0. The
// receiver answers each full message with an int.
#include "router/handover.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/descriptors.h"
#include "router/descriptor_message.h"

namespace pgsteer::router {
namespace {

constexpr std::size_t most_in_message = 252;  // MAX_SEND_FD; Linux allows 253 (SCM_MAX_FD)
constexpr std::size_t most_sockets = 65'536;
constexpr std::size_t most_bytes_each = 2 + 2 * 255 + sizeof(int);

using Message = DescriptorMessage<most_in_message>;

void bound_waiting(int fd) {
    const timeval second{1, 0};
    (void)::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second);
    (void)::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &second, sizeof second);
}

std::string description(const HeldSocket& socket) {
    std::string text(1, '\0');
    text += static_cast<char>(socket.interface.size());
    text += socket.interface;
    return text.append(sizeof(int), '\0');
}

bool send_batch(int to, std::span<const HeldSocket> batch) {
    std::string text;
    std::vector<int> numbers;
    for (const HeldSocket& socket : batch) {
        text += description(socket);
        numbers.push_back(socket.socket->get());
    }
    return Message(text).send(to, numbers) == static_cast<ssize_t>(text.size());
}

// While this lives the socket is a blocking one.
class Blocking {
  public:
    explicit Blocking(int fd) : fd_(fd), flags_(::fcntl(fd, F_GETFL)) {
        (void)::fcntl(fd_, F_SETFL, flags_ & ~O_NONBLOCK);
        bound_waiting(fd_);
    }
    ~Blocking() { (void)::fcntl(fd_, F_SETFL, flags_); }
    Blocking(const Blocking&) = delete;
    Blocking& operator=(const Blocking&) = delete;

  private:
    int fd_, flags_;
};

// What was received: descriptors, and the bytes about them.
struct Received {
    std::vector<UniqueFd> sockets;
    std::string text;
};

Result<void> receive_message(int from, Received& received) {
    std::vector<char> bytes(most_in_message * most_bytes_each);
    Message message(bytes);
    ssize_t got = 0;
    do
        got = message.receive(from, received.sockets);
    while (got < 0 && errno == EINTR);
    if (got < 0) return system_error("receiving listening sockets");
    if (got == 0) return Error{"the other process hung up while it handed over its sockets"};
    if (message.is_cut()) return Error{"the other process sent more than a message may hold"};
    received.text.append(bytes.data(), static_cast<std::size_t>(got));
    return {};
}

// Cuts the description of one off; nothing when it is not whole.
std::optional<std::string> take_interface(std::string_view& text) {
    std::string interface;
    for (int name = 0; name < 2; ++name) {
        if (text.empty()) return std::nullopt;
        const std::size_t length = static_cast<unsigned char>(text.front());
        if (text.size() < 1 + length) return std::nullopt;
        interface = text.substr(1, length);
        text.remove_prefix(1 + length);
    }
    if (text.size() < sizeof(int)) return std::nullopt;
    text.remove_prefix(sizeof(int));
    return interface;
}

}  // namespace

Result<void> send_sockets(int to, const std::vector<HeldSocket>& sockets) {
    const Blocking blocking(to);
    const int count = static_cast<int>(std::min(sockets.size(), most_sockets));
    if (::send(to, &count, sizeof count, MSG_NOSIGNAL) != sizeof count)
        return system_error("handing over listening sockets");
    std::span<const HeldSocket> left(sockets.data(), static_cast<std::size_t>(count));
    while (!left.empty()) {
        const auto batch = left.first(std::min(left.size(), most_in_message));
        if (!send_batch(to, batch)) return system_error("handing over listening sockets");
        left = left.subspan(batch.size());
        int confirmed = 0;
        if (batch.size() == most_in_message &&
            ::recv(to, &confirmed, sizeof confirmed, 0) != sizeof confirmed)
            return system_error("handing over listening sockets");
    }
    return {};
}

Result<std::vector<HeldSocket>> receive_sockets(int from) {
    const Blocking blocking(from);
    int count = 0;
    const ssize_t got = ::recv(from, &count, sizeof count, MSG_WAITALL);
    if (got < 0) return system_error("receiving listening sockets");
    if (got != sizeof count || count < 0 || static_cast<std::size_t>(count) > most_sockets)
        return Error{
            "the other process hands out no sockets; its stats socket needs 'expose-fd listeners'"};
    Received received;
    while (received.sockets.size() < static_cast<std::size_t>(count)) {
        if (auto done = receive_message(from, received); !done) return done.error();
        const int have = static_cast<int>(received.sockets.size());
        (void)::send(from, &have, sizeof have, MSG_NOSIGNAL);
    }
    std::vector<HeldSocket> sockets;
    std::string_view text = received.text;
    for (UniqueFd& fd : received.sockets) {
        const auto interface = take_interface(text);
        if (!interface) return Error{"the other process describes its sockets in another way"};
        if (!is_listening(fd.get())) continue;
        (void)::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) | O_NONBLOCK);
        const Address address = Address::local_of(fd.get());
        sockets.push_back(
            {address, *interface, std::make_shared<const UniqueFd>(std::move(fd)), {}});
    }
    return sockets;
}

Result<std::vector<HeldSocket>> fetch_sockets(const std::string& path) {
    const auto fail = [&path](const std::string& why) {
        return Error{fmt::format("-x {}: {}", path, why)};
    };
    const auto address = Address::unix_path(path);
    if (!address) return fail(address.error().text);
    const UniqueFd caller(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!caller || ::connect(caller.get(), address->get(), address->length()) != 0)
        return fail(::strerror(errno));
    bound_waiting(caller.get());
    constexpr std::string_view question = "_getsocks\n";
    if (::send(caller.get(), question.data(), question.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(question.size()))
        return fail(::strerror(errno));
    auto sockets = receive_sockets(caller.get());
    if (!sockets) return fail(sockets.error().text);
    return sockets;
}

}  // namespace pgsteer::router
