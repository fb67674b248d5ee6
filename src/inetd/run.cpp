// A server of its own for each client, and one for many (pgsteer_share).
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <csignal>

#include "base/log.h"
#include "inetd/service_state.h"

namespace pgsteer::inetd {
namespace {

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
using Socket = asio::generic::stream_protocol::socket;

// As in http/connection.cpp: how long a client may take for its answer, and to close.
constexpr milliseconds send_limit{5000};
constexpr milliseconds drain_time{1000};
constexpr std::size_t most_drained = 64 * 1024;
// A status answer is some hundred bytes; what is longer is no status.
constexpr std::size_t most_shared_bytes = 64 * 1024;
// A run that many wait for needs an end, also where the file gives none.
constexpr milliseconds share_limit{10'000};
// What a server that reads its request finds: sharing means that all ask the same.
constexpr std::string_view shared_request = "GET / HTTP/1.0\r\n\r\n";

TimePoint deadline_of(const config::InetService& service, milliseconds otherwise) {
    if (service.timeout > milliseconds(0)) return after(Clock::now(), service.timeout);
    return otherwise > milliseconds(0) ? after(Clock::now(), otherwise) : never;
}

asio::awaitable<void> watch_child(StatePtr state, Client client, Child child) {
    const Counted counted(state, client.peer, child.pid);
    const TimePoint deadline = deadline_of(state->service, milliseconds(0));
    // Only a 503 needs the client's socket; else the server alone has it, and its end closes it.
    if (deadline == never) client.socket.reset();
    if (co_await wait_for(state, std::move(child), deadline)) co_return;
    if (nothing_was_sent(client.socket.get())) {
        set_blocking(client.socket.get(), false);
        co_await deliver(state->executor, std::move(client), timeout_answer());
    }
}

// Reads what the server says until it ends its side. Nothing: it took too long.
asio::awaitable<std::optional<std::string>> read_answer(StatePtr state, UniqueFd fd,
                                                        TimePoint deadline) {
    asio::posix::stream_descriptor source(state->executor, fd.release());
    asio::steady_timer timer(state->executor, deadline);
    std::string answer;
    std::array<char, 4096> chunk;
    while (answer.size() < most_shared_bytes) {
        const auto done = co_await (source.async_read_some(asio::buffer(chunk), as_result) ||
                                    timer.async_wait(as_result));
        if (done.index() == 1) co_return std::nullopt;
        const auto [error, size] = std::get<0>(done);
        if (error) break;
        answer.append(chunk.data(), size);
    }
    co_return answer;
}

asio::awaitable<void> watch_shared(StatePtr state, UniqueFd ours, Child child, Address peer) {
    const Counted counted(state, peer, child.pid);
    const pid_t pid = child.pid;
    const TimePoint deadline = deadline_of(state->service, share_limit);
    auto answer = co_await read_answer(state, std::move(ours), deadline);
    if (!answer) {
        log::warning("service {}: its server (pid {}) ran for too long and is ended",
                     state->service.id, pid);
        end_group(pid, SIGKILL);
    }
    state->sharing = false;
    state->shared_answer =
        answer ? std::make_shared<const std::string>(std::move(*answer)) : nullptr;
    const auto text = answer ? state->shared_answer : timeout_answer();
    for (Client& client : std::exchange(state->sharers, {}))
        asio::co_spawn(state->executor, deliver(state->executor, std::move(client), text),
                       asio::detached);
    co_await wait_for(state, std::move(child), deadline);
}

}  // namespace

void set_blocking(int fd, bool blocking) {
    const int flags = ::fcntl(fd, F_GETFL);
    if (flags >= 0) (void)::fcntl(fd, F_SETFL, blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK);
}

void end_group(pid_t pid, int signal) {
    // It leads a group of its own; until it is reaped, nobody else can have the number.
    if (::kill(-pid, signal) != 0) (void)::kill(pid, signal);
}

std::shared_ptr<const std::string> timeout_answer() {
    static const auto text = std::make_shared<const std::string>(
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\n"
        "Content-Length: 32\r\nConnection: close\r\n\r\nthe status script took too long\n");
    return text;
}

asio::awaitable<bool> wait_for(StatePtr state, Child child, TimePoint deadline) {
    asio::posix::stream_descriptor end(state->executor, child.pidfd.release());
    asio::steady_timer timer(state->executor, deadline);
    const TimePoint started = Clock::now();
    const auto done =
        co_await (end.async_wait(asio::posix::stream_descriptor::wait_read, as_result) ||
                  timer.async_wait(as_result));
    const bool by_itself = done.index() == 0;
    if (!by_itself) {
        log::warning("service {}: its server (pid {}) ran for too long and is ended",
                     state->service.id, child.pid);
        end_group(child.pid, SIGKILL);
        co_await end.async_wait(asio::posix::stream_descriptor::wait_read, as_result);
    }
    siginfo_t info{};
    if (::waitid(P_PID, static_cast<id_t>(child.pid), &info, WEXITED) == 0)
        state->log.exit(child.pid, info.si_code != CLD_EXITED, info.si_status,
                        std::chrono::duration_cast<seconds>(Clock::now() - started));
    co_return by_itself;
}

asio::awaitable<void> deliver(asio::any_io_executor executor, Client client,
                              std::shared_ptr<const std::string> answer) {
    Socket socket(executor);
    boost::system::error_code error;
    const asio::generic::stream_protocol protocol(client.peer.family(), IPPROTO_TCP);
    socket.assign(protocol, client.socket.get(), error);
    if (error) co_return;
    client.socket.release();
    asio::steady_timer timer(executor, send_limit);
    const auto sent = co_await (asio::async_write(socket, asio::buffer(*answer), as_result) ||
                                timer.async_wait(as_result));
    if (sent.index() == 1 || std::get<0>(std::get<0>(sent))) co_return;
    socket.shutdown(Socket::shutdown_send, error);
    timer.expires_after(drain_time);
    std::array<char, 2048> chunk;
    for (std::size_t drained = 0; drained < most_drained;) {
        const auto done = co_await (socket.async_read_some(asio::buffer(chunk), as_result) ||
                                    timer.async_wait(as_result));
        if (done.index() == 1 || std::get<0>(std::get<0>(done))) co_return;
        drained += std::get<1>(std::get<0>(done));
    }
}

void run_child(const StatePtr& state, Client client) {
    set_blocking(client.socket.get(), true);
    auto child = spawn(state->service, state->program, client.socket.get(), client.peer.host());
    if (!child) {
        log::error("service {}: {}", state->service.id, child.error().text);
        return state->log.fail(client.peer, Refusal::fork);
    }
    state->log.start(client.peer, child->pid);
    asio::co_spawn(state->executor, watch_child(state, std::move(client), std::move(*child)),
                   asio::detached);
}

void run_shared(const StatePtr& state, Client client) {
    const bool fresh =
        state->shared_answer && Clock::now() < after(state->share_started, *state->service.share);
    if (fresh) {
        asio::co_spawn(state->executor,
                       deliver(state->executor, std::move(client), state->shared_answer),
                       asio::detached);
        return;
    }
    const Address peer = client.peer;
    state->sharers.push_back(std::move(client));
    if (state->sharing) return;
    int both[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, both) != 0) {
        log::error("service {}: {}", state->service.id, system_error("socketpair").text);
        return state->sharers.clear();
    }
    UniqueFd ours(both[0]);
    const UniqueFd theirs(both[1]);
    (void)::send(ours.get(), shared_request.data(), shared_request.size(), MSG_NOSIGNAL);
    (void)::shutdown(ours.get(), SHUT_WR);
    auto child = spawn(state->service, state->program, theirs.get(), peer.host());
    if (!child) {
        log::error("service {}: {}", state->service.id, child.error().text);
        state->log.fail(peer, Refusal::fork);
        return state->sharers.clear();
    }
    state->log.start(peer, child->pid);
    state->sharing = true;
    state->share_started = Clock::now();
    asio::co_spawn(state->executor, watch_shared(state, std::move(ours), std::move(*child), peer),
                   asio::detached);
}

}  // namespace pgsteer::inetd
