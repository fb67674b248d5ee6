#include "router/look.h"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <utility>

#include "health/cluster.h"
#include "probe/ask.h"
#include "router/names.h"

namespace asio = boost::asio;

namespace pgsteer::router {
namespace {

// Long enough for the first election to close whoever has not answered by then.
constexpr seconds election_time{5};

config::Config one_backend(const std::vector<config::Endpoint>& answerers, milliseconds timeout) {
    config::Backend backend;
    backend.name = "cluster";
    config::HttpSendStep request;
    request.method = "GET";
    backend.check.http = true;
    backend.check.steps = {config::connect_as_server(), request};
    backend.connect_timeout = timeout;
    backend.check_timeout = timeout;
    for (const config::Endpoint& answerer : answerers) {
        config::Server& server = backend.servers.emplace_back();
        server.name = answerer.host;
        server.endpoint = answerer;
        server.check = true;
        server.inter = timeout;
        server.rise = 1;
        server.fall = 1;
    }
    config::Config config;
    config.backends.push_back(std::move(backend));
    return config;
}

asio::awaitable<void> ask_one(health::Cluster& cluster, const Names& names, health::QuestionId id) {
    const health::Question& question = cluster.questions()[static_cast<std::size_t>(id)];
    probe::Target target;
    for (const health::Peer& peer : question.peers)
        target.destinations.push_back({peer.unix_socket ? std::vector{*peer.unix_socket}
                                                        : names.addresses(peer.host, peer.port),
                                       peer});
    target.check = question.check;
    target.connect_timeout = question.connect_timeout;
    target.answer_timeout = question.answer_timeout;
    cluster.asking(id, Clock::now());
    cluster.observe(id, co_await probe::ask(std::move(target)));
}

}  // namespace

Result<admin::Snapshot> look(const std::vector<config::Endpoint>& answerers, milliseconds timeout) {
    const config::Config config = one_backend(answerers, timeout);
    health::Cluster cluster(config, {1, Clock::now(), [] { return 0.0; }});
    Names names(cluster, config);
    for (const NameFailure& failure : names.resolve_all(resolve_host, Clock::now()))
        return Error{failure.text};
    asio::io_context io(1);
    for (std::size_t i = 0; i < cluster.questions().size(); ++i)
        asio::co_spawn(io, ask_one(cluster, names, static_cast<health::QuestionId>(i)),
                       asio::detached);
    io.run();
    cluster.advance(Clock::now() + election_time);
    return admin::take_snapshot(*cluster.table(), cluster, {}, Clock::now());
}

}  // namespace pgsteer::router
