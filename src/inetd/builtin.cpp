// What needs no server: redirect, and xinetd's internal services (RFC 862, 863, 864, 867, 868).
#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cctype>
#include <ctime>

#include "base/log.h"
#include "inetd/service_state.h"

namespace pgsteer::inetd {
namespace {

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
using Socket = asio::ip::tcp::socket;

constexpr seconds connect_limit{20};
// A client of echo, discard or chargen that neither sends nor takes anything is let go.
constexpr seconds idle_limit{600};
// From 1900 (RFC 868) to 1970.
constexpr std::uint32_t seconds_before_unix = 2'208'988'800U;

std::optional<Socket> adopt(const StatePtr& state, Client& client) {
    Socket socket(state->executor);
    boost::system::error_code error;
    const bool v6 = client.peer.family() == AF_INET6;
    socket.assign(v6 ? asio::ip::tcp::v6() : asio::ip::tcp::v4(), client.socket.get(), error);
    if (error) return std::nullopt;
    client.socket.release();
    return socket;
}

// Copies until the end of `from`, which it passes on.
asio::awaitable<void> copy(Socket& from, Socket& to) {
    std::array<char, 16 * 1024> chunk;
    for (;;) {
        const auto [error, size] = co_await from.async_read_some(asio::buffer(chunk), as_result);
        boost::system::error_code ignored;
        if (error == asio::error::eof) {
            to.shutdown(Socket::shutdown_send, ignored);
            co_return;
        }
        const auto data = asio::buffer(chunk.data(), size);
        const bool sent = !error && !std::get<0>(co_await asio::async_write(to, data, as_result));
        if (sent) continue;
        from.close(ignored);
        to.close(ignored);
        co_return;
    }
}

asio::awaitable<void> redirect(StatePtr state, Client client) {
    const Counted counted(state, client.peer, 0);
    const TimePoint started = Clock::now();
    const config::Redirect target = *state->service.redirect;
    auto near = adopt(state, client);
    if (!near) co_return;
    Socket far(state->executor);
    asio::ip::tcp::resolver resolver(state->executor);
    asio::steady_timer timer(state->executor, connect_limit);
    const auto found =
        co_await (resolver.async_resolve(target.host, std::to_string(target.port), as_result) ||
                  timer.async_wait(as_result));
    if (found.index() == 1 || std::get<0>(std::get<0>(found))) {
        log::error("service {}: cannot resolve {}", state->service.id, target.host);
        co_return;
    }
    const asio::ip::tcp::endpoint there = *std::get<1>(std::get<0>(found)).begin();
    const auto done = co_await (far.async_connect(there, as_result) || timer.async_wait(as_result));
    if (done.index() == 1 || std::get<0>(std::get<0>(done))) {
        log::error("service {}: can't connect to remote host {}", state->service.id, target.host);
        co_return;
    }
    co_await (copy(*near, far) && copy(far, *near));
    state->log.exit(0, false, 0, std::chrono::duration_cast<seconds>(Clock::now() - started));
}

std::string time_answer() {
    const auto since_1900 = static_cast<std::uint32_t>(std::time(nullptr)) + seconds_before_unix;
    std::string text;
    for (int shift = 24; shift >= 0; shift -= 8)
        text += static_cast<char>(since_1900 >> shift & 0xff);
    return text;
}

// "23 NOV 2026 17:31:24 UTC", as xinetd writes it.
std::string daytime_answer() {
    const std::time_t now = std::time(nullptr);
    std::tm local{};
    (void)::localtime_r(&now, &local);
    char text[64];
    const std::size_t length = std::strftime(text, sizeof text, "%d %b %Y %H:%M:%S %Z\r\n", &local);
    std::string answer(text, length);
    for (std::size_t i = 3; i < 6 && i < length; ++i)
        answer[i] = static_cast<char>(std::toupper(static_cast<unsigned char>(answer[i])));
    return answer;
}

std::string chargen_line(int first) {
    constexpr int printable = 95;
    std::string line;
    for (int i = 0; i < 72; ++i)
        line += static_cast<char>(' ' + (first + i) % printable);
    return line + "\r\n";
}

// One step of echo, discard or chargen; false: the end.
asio::awaitable<bool> step(Socket& socket, config::Builtin kind, int round) {
    std::array<char, 4096> chunk;
    if (kind == config::Builtin::chargen) {
        const std::string line = chargen_line(round);
        const auto [error, sent] =
            co_await asio::async_write(socket, asio::buffer(line), as_result);
        co_return !error;
    }
    const auto [error, size] = co_await socket.async_read_some(asio::buffer(chunk), as_result);
    if (error) co_return false;
    if (kind == config::Builtin::discard) co_return true;
    const auto [failed, sent] =
        co_await asio::async_write(socket, asio::buffer(chunk.data(), size), as_result);
    co_return !failed;
}

asio::awaitable<void> stream(StatePtr state, Client client) {
    const Counted counted(state, client.peer, 0);
    const config::Builtin kind = state->service.builtin;
    auto socket = adopt(state, client);
    if (!socket) co_return;
    asio::steady_timer timer(state->executor);
    for (int round = 1;; round = (round + 1) % 95) {
        timer.expires_after(idle_limit);
        const auto done = co_await (step(*socket, kind, round) || timer.async_wait(as_result));
        if (done.index() == 1 || !std::get<0>(done) || state->stopping) co_return;
    }
}

}  // namespace

void run_redirect(const StatePtr& state, Client client) {
    state->log.start(client.peer, 0);
    asio::co_spawn(state->executor, redirect(state, std::move(client)), asio::detached);
}

void run_builtin(const StatePtr& state, Client client) {
    state->log.start(client.peer, 0);
    const config::Builtin kind = state->service.builtin;
    if (kind == config::Builtin::time || kind == config::Builtin::daytime) {
        auto text = std::make_shared<const std::string>(
            kind == config::Builtin::time ? time_answer() : daytime_answer());
        asio::co_spawn(state->executor,
                       deliver(state->executor, std::move(client), std::move(text)),
                       asio::detached);
        return;
    }
    asio::co_spawn(state->executor, stream(state, std::move(client)), asio::detached);
}

}  // namespace pgsteer::inetd
