#include "router/names.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace asio = boost::asio;

namespace pgsteer::router {
namespace {

constexpr seconds pause_a_name{1};

std::vector<Address> with_port(const std::vector<Address>& addresses, Port port) {
    std::vector<Address> result;
    result.reserve(addresses.size());
    for (const Address& address : addresses)
        result.push_back(address.with_port(port));
    return result;
}

}  // namespace

Names::Names(health::Cluster& cluster, std::size_t servers) : cluster_(cluster), servers_(servers) {
    const auto name_of = [this](const std::string& host) -> Name& {
        Name& name = names_[host];
        name.literal = Address::from_literal(host, Port{0}).has_value();
        return name;
    };
    for (std::size_t i = 0; i < servers_; ++i) {
        const auto id = static_cast<routing::ServerId>(i);
        const config::Endpoint& endpoint = cluster_.server_config(id).endpoint;
        if (!endpoint.unix_socket) name_of(endpoint.host).servers.push_back(id);
    }
    for (const health::Question& question : cluster_.questions())
        for (const health::Peer& peer : question.peers)
            if (!peer.unix_socket) name_of(peer.host);
}

std::vector<NameFailure> Names::resolve_all(const Resolve& resolve) {
    std::map<std::string, std::string> unknown;  // host to why, so that each is asked once
    std::vector<NameFailure> failures;
    const auto settle = [&](const std::string& host, const config::Server& server) {
        Name& name = names_[host];
        if (!name.addresses.empty() || (!server.resolve_at_start && !name.literal)) return;
        if (!unknown.contains(host)) {
            auto found = resolve(host, Port{0});
            if (found)
                learn(host, std::move(*found));
            else
                unknown[host] = found.error().text;
        }
        if (const auto why = unknown.find(host); why != unknown.end())
            failures.push_back(
                {server.at, fmt::format("'server {}' : {}", server.name, why->second)});
    };
    for (std::size_t i = 0; i < servers_; ++i) {
        const auto id = static_cast<routing::ServerId>(i);
        const config::Server& server = cluster_.server_config(id);
        if (server.endpoint.unix_socket)
            cluster_.set_addresses(id, {*server.endpoint.unix_socket});
        else
            settle(server.endpoint.host, server);
    }
    for (const health::Question& question : cluster_.questions())
        for (const health::Peer& peer : question.peers)
            if (!peer.unix_socket && !question.servers.empty())
                settle(peer.host, cluster_.server_config(question.servers.front()));
    return failures;
}

std::vector<Address> Names::addresses(const std::string& host, Port port) const {
    const auto found = names_.find(host);
    if (found == names_.end()) return {};
    return with_port(found->second.addresses, port);
}

bool Names::may_ask(const std::string& host, TimePoint now) {
    const auto found = names_.find(host);
    if (found == names_.end() || found->second.literal) return false;
    Name& name = found->second;
    // Compared this way round because the first value is the smallest TimePoint there is.
    if (name.last_asked > now - pause_a_name) return false;
    name.last_asked = now;
    return true;
}

void Names::learn(const std::string& host, std::vector<Address> found) {
    Name& name = names_[host];
    if (found.empty()) return;
    // Name servers turn the order of their answers round; that alone is nothing new.
    const bool same = std::is_permutation(name.addresses.begin(), name.addresses.end(),
                                          found.begin(), found.end());
    if (same) return;
    name.addresses = std::move(found);
    give_to_servers(name);
}

void Names::give_to_servers(const Name& name) {
    for (const routing::ServerId id : name.servers)
        cluster_.set_addresses(id,
                               with_port(name.addresses, cluster_.server_config(id).endpoint.port));
}

std::string Names::follow(routing::ServerId id) {
    for (auto& [host, name] : names_)
        std::erase(name.servers, id);
    const auto name_of = [this](const std::string& host) -> Name& {
        Name& name = names_[host];
        const auto literal = Address::from_literal(host, Port{0});
        name.literal = literal.has_value();
        if (literal) name.addresses = {*literal};
        return name;
    };
    for (const health::Question& question : cluster_.questions())
        for (const health::Peer& peer : question.peers)
            if (!peer.unix_socket) name_of(peer.host);
    const config::Endpoint& endpoint = cluster_.server_config(id).endpoint;
    if (endpoint.unix_socket) {
        cluster_.set_addresses(id, {*endpoint.unix_socket});
        return "";
    }
    const std::string host = cluster_.admin(id).fqdn.value_or(endpoint.host);
    Name& name = name_of(host);
    name.servers.push_back(id);
    give_to_servers(name);
    return name.literal ? "" : host;
}

std::vector<std::string> Names::unknown() const {
    std::vector<std::string> hosts;
    for (const auto& [host, name] : names_)
        if (name.addresses.empty()) hosts.push_back(host);
    return hosts;
}

asio::awaitable<std::vector<Address>> ask_resolver(std::string host) {
    asio::ip::tcp::resolver resolver(co_await asio::this_coro::executor);
    // Not asio's default flag address_configured: it hides names of hosts that have no address but
    // loopback, which the start found.
    auto [error, results] = co_await resolver.async_resolve(
        host, "0", asio::ip::resolver_base::numeric_service, asio::as_tuple(asio::use_awaitable));
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
