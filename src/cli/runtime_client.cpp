#include "cli/runtime_client.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

#include "config/keywords.h"

namespace pgsteer::cli {
namespace {

// More than the longest answer there is: 100,000 sessions.
constexpr std::size_t most_bytes = 64U << 20;

bool try_later(int error_number) {
    return error_number == EINTR || error_number == EAGAIN;
}

}  // namespace

Result<std::vector<Address>> router_addresses(const std::string& socket) {
    if (socket.find(':') == std::string::npos && socket.find('@') == std::string::npos) {
        const auto path = Address::unix_path(socket);
        if (!path) return path.error();
        return std::vector{*path};
    }
    const auto endpoint = config::parse_endpoint(socket);
    if (!endpoint) return Error{fmt::format("'{}': {}", socket, endpoint.error().text)};
    if (endpoint->unix_socket) return std::vector{*endpoint->unix_socket};
    if (number(endpoint->port) == 0)
        return Error{fmt::format("'{}': write the path of a socket, or HOST:PORT", socket)};
    return resolve_host(endpoint->host, endpoint->port);
}

RuntimeQuestion::RuntimeQuestion(std::string name, std::vector<Address> addresses,
                                 std::string command, TimePoint deadline)
    : name_(std::move(name)),
      command_(std::move(command) + "\n"),
      addresses_(std::move(addresses)),
      deadline_(deadline),
      last_{fmt::format("cannot connect to {}", name_)} {}

short RuntimeQuestion::events() const {
    return step_ == Step::reading ? POLLIN : POLLOUT;
}

std::optional<Result<std::string>> RuntimeQuestion::go_on(TimePoint now) {
    if (now >= deadline_) return late();
    std::optional<Error> failed;
    while (step_ == Step::next_address && !failed)
        failed = connect_next();
    if (!failed && step_ == Step::connecting) failed = connected();
    if (!failed && step_ == Step::writing) failed = write();
    if (failed) return std::move(*failed);
    return step_ == Step::reading ? read() : std::nullopt;
}

// The next address that can be tried; an error when none is left.
std::optional<Error> RuntimeQuestion::connect_next() {
    if (next_ == addresses_.size()) {
        last_.text += "; is a router running, and has its file a 'stats socket' line for it?";
        return last_;
    }
    const Address& address = addresses_[next_++];
    fd_ = UniqueFd(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd_) return system_error("socket");
    if (::connect(fd_.get(), address.get(), address.length()) == 0)
        step_ = Step::writing;
    else if (errno == EINPROGRESS)
        step_ = Step::connecting;
    else
        last_ = system_error("cannot connect to " + name_);
    return std::nullopt;
}

std::optional<Error> RuntimeQuestion::connected() {
    pollfd one{fd_.get(), POLLOUT, 0};
    if (::poll(&one, 1, 0) == 0) return std::nullopt;
    int error_number = 0;
    socklen_t length = sizeof error_number;
    (void)::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error_number, &length);
    step_ = Step::writing;
    if (error_number == 0) return std::nullopt;
    last_ = system_error("cannot connect to " + name_, error_number);
    step_ = Step::next_address;
    std::optional<Error> failed;
    while (step_ == Step::next_address && !failed)
        failed = connect_next();
    return failed;
}

std::optional<Error> RuntimeQuestion::write() {
    while (sent_ < command_.size()) {
        const ssize_t sent =
            ::send(fd_.get(), command_.data() + sent_, command_.size() - sent_, MSG_NOSIGNAL);
        if (sent < 0 && try_later(errno)) return std::nullopt;
        if (sent < 0) return system_error("cannot write to " + name_);
        sent_ += static_cast<std::size_t>(sent);
    }
    step_ = Step::reading;
    return std::nullopt;
}

std::optional<Result<std::string>> RuntimeQuestion::read() {
    std::array<char, 65536> chunk;
    while (text_.size() < most_bytes) {
        const ssize_t got = ::recv(fd_.get(), chunk.data(), chunk.size(), 0);
        if (got < 0 && try_later(errno)) return std::nullopt;
        if (got < 0) return system_error("cannot read from " + name_);
        if (got == 0) break;
        text_.append(chunk.data(), static_cast<std::size_t>(got));
    }
    if (text_.ends_with("\n")) text_.pop_back();
    return Result<std::string>(boost::system::in_place_value, std::move(text_));
}

Error RuntimeQuestion::late() const {
    if (step_ != Step::reading)
        return Error{fmt::format("cannot connect to {}: {}", name_, "timed out")};
    return Error{fmt::format("{} did not answer in time", name_)};
}

Result<std::string> ask_router(const std::string& socket, const std::string& command,
                               milliseconds timeout) {
    const auto addresses = router_addresses(socket);
    if (!addresses) return addresses.error();
    RuntimeQuestion question(socket, *addresses, command, after(Clock::now(), timeout));
    for (;;) {
        if (auto answer = question.go_on(Clock::now())) return std::move(*answer);
        const auto left =
            std::chrono::ceil<milliseconds>(question.deadline() - Clock::now()).count();
        pollfd one{question.fd(), question.events(), 0};
        (void)::poll(&one, 1, left > 0 ? static_cast<int>(left) : 0);
    }
}

}  // namespace pgsteer::cli
