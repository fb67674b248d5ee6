// Connections run as coroutines that share the State with the Sockets object; one that goes away
// closes them, and they find nothing left to do.
#include "http/server.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <unordered_set>
#include <utility>

#include "base/address.h"
#include "http/connection.h"

namespace pgsteer::http {

namespace asio = boost::asio;

struct Sockets::State {
    asio::any_io_executor executor;
    ServerOptions options;
    Answer answer;
    bool stopping = false;
    std::unordered_set<Connection*> connections = {};

    static asio::awaitable<void> serve(std::shared_ptr<State> state, Connection::Socket socket,
                                       accept::Acceptor::Slot slot);
};

// One connection, known from its start to its end; the slot lives in this frame.
asio::awaitable<void> Sockets::State::serve(std::shared_ptr<State> state, Connection::Socket socket,
                                            accept::Acceptor::Slot) {
    Connection connection(std::move(socket), state->options, state->answer);
    struct Known {
        State& state;
        Connection* connection;
        Known(State& its_state, Connection* it) : state(its_state), connection(it) {
            state.connections.insert(connection);
        }
        ~Known() { state.connections.erase(connection); }
        Known(const Known&) = delete;
        Known& operator=(const Known&) = delete;
    } const known(*state, &connection);
    if (!state->stopping) co_await connection.run();
}

Sockets::Sockets(asio::any_io_executor executor, ServerOptions options, Answer answer)
    : state_(std::make_shared<State>(State{std::move(executor), options, std::move(answer)})) {}

Sockets::~Sockets() {
    state_->stopping = true;
    for (Connection* const connection : state_->connections)
        connection->close();
}

void Sockets::serve(UniqueFd fd, accept::Acceptor::Slot slot) {
    boost::system::error_code error;
    Connection::Socket socket(state_->executor);
    const int family = Address::local_of(fd.get()).family();
    socket.assign(asio::generic::stream_protocol(family, 0), fd.get(), error);
    if (error) return;  // the client is closed; the next one may be luckier
    fd.release();
    asio::co_spawn(state_->executor, State::serve(state_, std::move(socket), std::move(slot)),
                   asio::detached);
}

Server::Server(asio::any_io_executor executor, UniqueFd listener, ServerOptions options,
               Answer answer)
    : sockets_(executor, options, std::move(answer)),
      acceptor_(executor, std::move(listener), options.most_connections,
                [this](UniqueFd socket, accept::Acceptor::Slot slot) {
                    sockets_.serve(std::move(socket), std::move(slot));
                }) {}

}  // namespace pgsteer::http
