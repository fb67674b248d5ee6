// The accept loop. Connections run as coroutines that share the State with the Server object; a
// Server that goes away closes them, and they find nothing left to do.
#include "http/server.h"

#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <cstring>
#include <unordered_set>
#include <utility>

#include "base/address.h"
#include "base/log.h"
#include "http/connection.h"

namespace pgsteer::http {
namespace {

namespace asio = boost::asio;
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

// HAProxy waits as long after accept() ran out of descriptors (proto_tcp, ERR_RESOURCE back-off).
constexpr milliseconds accept_back_off{100};

bool concerns_one_client_only(int error_number) {
    return error_number == ECONNABORTED || error_number == EINTR || error_number == EPROTO;
}

}  // namespace

struct Server::State {
    State(asio::any_io_executor its_executor, UniqueFd fd, ServerOptions its_options,
          Answer its_answer)
        : executor(std::move(its_executor)),
          listener(executor, fd.get()),
          room(executor),
          options(its_options),
          answer(std::move(its_answer)),
          family(Address::local_of(fd.get()).family()) {
        fd.release();  // the descriptor object owns it now
    }

    asio::any_io_executor executor;
    asio::posix::stream_descriptor listener;
    asio::steady_timer room;  // cancelled when a connection ends
    ServerOptions options;
    Answer answer;
    int family;
    bool stopping = false;
    bool trouble_told = false;
    std::unordered_set<Connection*> connections;

    static asio::awaitable<void> accept_loop(std::shared_ptr<State> state);
    static asio::awaitable<void> serve(std::shared_ptr<State> state, Connection::Socket socket);
    int accept_some(const std::shared_ptr<State>& self);
};

// One connection, counted from its start to its end.
asio::awaitable<void> Server::State::serve(std::shared_ptr<State> state,
                                           Connection::Socket socket) {
    Connection connection(std::move(socket), state->options, state->answer);
    struct Counted {
        State& state;
        Connection* connection;
        Counted(State& its_state, Connection* it) : state(its_state), connection(it) {
            state.connections.insert(connection);
        }
        ~Counted() {
            state.connections.erase(connection);
            state.room.cancel();
        }
        Counted(const Counted&) = delete;
        Counted& operator=(const Counted&) = delete;
    } const counted(*state, &connection);
    if (!state->stopping) co_await connection.run();
}

// Accepts until there is nobody left or no room; answers the errno that stopped it, or 0.
int Server::State::accept_some(const std::shared_ptr<State>& self) {
    while (connections.size() < options.most_connections) {
        UniqueFd fd(
            ::accept4(listener.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (!fd) {
            if (concerns_one_client_only(errno)) continue;
            return errno == EAGAIN ? 0 : errno;
        }
        trouble_told = false;
        boost::system::error_code error;
        Connection::Socket socket(executor);
        socket.assign(asio::generic::stream_protocol(family, 0), fd.get(), error);
        if (error) return error.value();
        fd.release();
        // dispatch: the connection counts before the next one is accepted.
        asio::co_spawn(executor, serve(self, std::move(socket)), asio::detached);
    }
    return 0;
}

asio::awaitable<void> Server::State::accept_loop(std::shared_ptr<State> state) {
    while (!state->stopping) {
        if (state->connections.size() >= state->options.most_connections) {
            state->room.expires_at(never);
            co_await state->room.async_wait(as_result);
            continue;
        }
        const auto [error] = co_await state->listener.async_wait(
            asio::posix::stream_descriptor::wait_read, as_result);
        if (error || state->stopping) co_return;
        const int trouble = state->accept_some(state);
        if (trouble == 0) continue;
        if (!std::exchange(state->trouble_told, true))
            log::warning("cannot accept on {}: {}; trying again every {} ms",
                         Address::local_of(state->listener.native_handle()).text(),
                         std::strerror(trouble), accept_back_off.count());
        state->room.expires_after(accept_back_off);
        co_await state->room.async_wait(as_result);
    }
}

Server::Server(asio::any_io_executor executor, UniqueFd listener, ServerOptions options,
               Answer answer)
    : state_(std::make_shared<State>(std::move(executor), std::move(listener), options,
                                     std::move(answer))) {
    asio::co_spawn(state_->executor, State::accept_loop(state_), asio::detached);
}

Server::~Server() {
    state_->stopping = true;
    boost::system::error_code ignored;
    state_->listener.close(ignored);
    state_->room.cancel();
    for (Connection* const connection : state_->connections)
        connection->close();
}

std::size_t Server::open_connections() const {
    return state_->connections.size();
}

}  // namespace pgsteer::http
