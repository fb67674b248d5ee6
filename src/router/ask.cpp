// One question about a name, to whom it is due. Control thread.
#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "router/names.h"

namespace asio = boost::asio;

namespace pgsteer::router {
namespace {

// The system's resolver, on a thread of the executor's own.
asio::awaitable<dns::Answer> ask_system(std::string host) {
    asio::ip::tcp::resolver resolver(co_await asio::this_coro::executor);
    // Not asio's default flag address_configured: it hides names of hosts that have no address but
    // loopback, which the start found.
    auto [error, results] = co_await resolver.async_resolve(
        host, "0", asio::ip::resolver_base::numeric_service, asio::as_tuple(asio::use_awaitable));
    dns::Answer answer;
    if (error) co_return answer;
    for (const auto& entry : results) {
        const auto endpoint = entry.endpoint();
        const Address address =
            Address::from_sockaddr(endpoint.data(), static_cast<socklen_t>(endpoint.size()));
        if (std::find(answer.addresses.begin(), answer.addresses.end(), address) ==
            answer.addresses.end())
            answer.addresses.push_back(address);
    }
    if (!answer.addresses.empty()) answer.status = dns::Status::valid;
    co_return answer;
}

}  // namespace

asio::awaitable<dns::Answer> ask(NameQuery query, const dns::SystemNames* system) {
    if (query.section == nullptr && system != nullptr)
        co_return co_await dns::resolve(*system, std::move(query.host));
    if (query.section == nullptr) co_return co_await ask_system(std::move(query.host));
    co_return co_await dns::resolve(*query.section, std::move(query.host), query.wanted);
}

}  // namespace pgsteer::router
