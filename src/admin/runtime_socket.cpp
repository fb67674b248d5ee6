// Clients run as coroutines that share the State with the RuntimeSocket; one that goes away closes
// them, and they find nothing left to do.
#include "admin/runtime_socket.h"

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <exception>
#include <unordered_map>
#include <utility>

#include "base/address.h"
#include "base/log.h"

namespace pgsteer::admin {
namespace {

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;
using Socket = asio::generic::stream_protocol::socket;
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
// A client that takes this much within its time may go on: a long answer to a slow reader.
constexpr std::size_t piece_bytes = 64 * 1024;

}  // namespace

struct RuntimeSocket::State {
    asio::any_io_executor executor;
    RuntimeOptions options;
    Desk& desk;
    bool stopping = false;
    std::unordered_map<Socket*, bool> clients = {};  // is a command of it under way?

    void close_clients(bool busy_ones_too) {
        stopping = true;
        boost::system::error_code ignored;
        for (const auto& [socket, is_busy] : clients)
            if (busy_ones_too || !is_busy) socket->close(ignored);
    }
};

namespace {

// One client from its first line to its end.
class Conversation {
  public:
    Conversation(Socket& socket, const RuntimeOptions& options, Desk& desk, bool& is_busy)
        : socket_(socket),
          timer_(socket.get_executor()),
          options_(options),
          desk_(desk),
          is_busy_(is_busy) {
        client_.level = options.level;
        client_.timeout = options.timeout;
    }

    Task<void> run(const bool& stopping) {
        while (!stopping) {
            const std::optional<std::string> line = co_await next_line();
            if (!line) co_return;
            is_busy_ = true;
            const bool goes_on = co_await answer(*line);
            is_busy_ = false;
            if (!goes_on) co_return;
        }
    }

  private:
    // Nothing: the client has gone, was silent for too long, or sends what is no line.
    Task<std::optional<std::string>> next_line() {
        for (;;) {
            if (const auto end = received_.find('\n'); end != std::string::npos) {
                std::string line = received_.substr(0, end);
                received_.erase(0, end + 1);
                co_return line;
            }
            if (received_.size() >= options_.most_line_bytes) co_return std::nullopt;
            timer_.expires_after(client_.timeout);
            const auto done = co_await (socket_.async_read_some(asio::buffer(chunk_), as_result) ||
                                        timer_.async_wait(as_result));
            if (done.index() == 1) co_return std::nullopt;
            const auto [error, size] = std::get<0>(done);
            if (error) co_return std::nullopt;
            received_.append(chunk_.data(), size);
        }
    }

    // Answers every command of the line; false: the conversation is over.
    Task<bool> answer(const std::string& line) {
        for (std::vector<std::string>& words : split_line(line)) {
            if (words.size() == 1 && words[0] == "_getsocks") {
                if (options_.exposes_listeners) desk_.hand_over(socket_.native_handle());
                co_return false;
            }
            // Who hangs up while a command takes its time frees its place.
            auto done = co_await (run_command(desk_, client_, std::move(words)) ||
                                  socket_.async_wait(Socket::wait_error, as_result));
            if (done.index() == 1) co_return false;
            std::string text = std::get<0>(std::move(done));
            if (client_.quit) co_return false;
            text += client_.prompt ? "\n> " : "\n";
            const bool sent = co_await send(text);
            if (!sent) co_return false;
        }
        co_return client_.prompt;
    }

    Task<bool> send(std::string_view text) {
        while (!text.empty()) {
            const std::string_view piece = text.substr(0, piece_bytes);
            timer_.expires_after(client_.timeout);
            const auto done = co_await (
                asio::async_write(socket_, asio::buffer(piece.data(), piece.size()), as_result) ||
                timer_.async_wait(as_result));
            if (done.index() == 1 || std::get<0>(std::get<0>(done))) co_return false;
            text.remove_prefix(piece.size());
        }
        co_return true;
    }

    Socket& socket_;
    asio::steady_timer timer_;
    const RuntimeOptions& options_;
    Desk& desk_;
    bool& is_busy_;
    Client client_;
    std::string received_;
    std::array<char, 4096> chunk_{};
};

template <class State>
asio::awaitable<void> serve(std::shared_ptr<State> state, Socket socket, accept::Acceptor::Slot) {
    struct Known {
        State& state;
        Socket* socket;
        bool& is_busy;
        Known(State& its_state, Socket* it)
            : state(its_state), socket(it), is_busy(state.clients[it]) {}
        ~Known() { state.clients.erase(socket); }
        Known(const Known&) = delete;
        Known& operator=(const Known&) = delete;
    } const known(*state, &socket);
    try {
        Conversation conversation(socket, state->options, state->desk, known.is_busy);
        if (!state->stopping) co_await conversation.run(state->stopping);
    } catch (const std::exception& error) {
        log::warning("a client of the stats socket was given up: {}", error.what());
    }
}

template <class State>
void begin(const std::shared_ptr<State>& state, UniqueFd fd, accept::Acceptor::Slot slot) {
    boost::system::error_code error;
    Socket socket(state->executor);
    const int family = Address::local_of(fd.get()).family();
    socket.assign(asio::generic::stream_protocol(family, 0), fd.get(), error);
    if (error) return;  // the client is closed; the next one may be luckier
    fd.release();
    asio::co_spawn(state->executor, serve(state, std::move(socket), std::move(slot)),
                   asio::detached);
}

}  // namespace

RuntimeSocket::RuntimeSocket(asio::any_io_executor executor, RuntimeOptions options, Desk& desk)
    : state_(std::make_shared<State>(State{executor, options, desk})) {}

RuntimeSocket::RuntimeSocket(asio::any_io_executor executor, UniqueFd listener,
                             RuntimeOptions options, Desk& desk)
    : RuntimeSocket(executor, options, desk) {
    acceptor_.emplace(executor, std::move(listener), options.most_clients,
                      [state = state_](UniqueFd fd, accept::Acceptor::Slot slot) {
                          begin(state, std::move(fd), std::move(slot));
                      });
}

void RuntimeSocket::serve(UniqueFd client) {
    begin(state_, std::move(client), accept::Acceptor::Slot());
}

void RuntimeSocket::leave() {
    acceptor_.reset();
    state_->close_clients(false);
    state_ = std::make_shared<State>(State{state_->executor, state_->options, state_->desk});
}

RuntimeSocket::~RuntimeSocket() {
    state_->close_clients(true);
}

}  // namespace pgsteer::admin
