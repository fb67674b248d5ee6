#include "router/names.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace asio = boost::asio;

namespace pgsteer::router {

std::vector<NameFailure> resolve_servers(health::Cluster& cluster, std::size_t servers) {
    std::vector<NameFailure> failures;
    for (std::size_t i = 0; i < servers; ++i) {
        const auto id = static_cast<routing::ServerId>(i);
        const config::Server& server = cluster.server_config(id);
        if (server.endpoint.unix_socket) {
            cluster.set_addresses(id, {*server.endpoint.unix_socket});
            continue;
        }
        if (!server.resolve_at_start) continue;
        auto addresses = resolve_host(server.endpoint.host, server.endpoint.port);
        if (addresses)
            cluster.set_addresses(id, std::move(*addresses));
        else
            failures.push_back(
                {server.at, fmt::format("'server {}' : {}", server.name, addresses.error().text)});
    }
    return failures;
}

asio::awaitable<std::vector<Address>> resolve_again(std::string host, Port port) {
    if (auto literal = Address::from_literal(host, port)) co_return std::vector{*literal};
    asio::ip::tcp::resolver resolver(co_await asio::this_coro::executor);
    auto [error, results] = co_await resolver.async_resolve(host, std::to_string(number(port)),
                                                            asio::as_tuple(asio::use_awaitable));
    std::vector<Address> addresses;
    if (error) co_return addresses;
    for (const auto& entry : results) {
        const auto endpoint = entry.endpoint();
        const Address address =
            Address::from_sockaddr(endpoint.data(), static_cast<socklen_t>(endpoint.size()));
        if (std::find(addresses.begin(), addresses.end(), address) == addresses.end())
            addresses.push_back(address);
    }
    co_return addresses;
}

}  // namespace pgsteer::router
