#include "probe/ask.h"

#include <boost/asio/this_coro.hpp>
#include <exception>
#include <utility>

#include "probe/net.h"

namespace pgsteer::probe {
namespace {

namespace asio = boost::asio;
using Outcome = decltype(health::Observation::outcome);

asio::awaitable<Outcome> outcome_of(const Target& target) {
    Socket socket(co_await asio::this_coro::executor);
    std::optional<health::Failure> failure = co_await connect(socket, target);
    if (failure) co_return Outcome(std::move(*failure));
    // Closed in order, without a reset: PostgreSQL writes a log line for a reset, none for an end.
    if (target.check.kind == config::Check::Kind::tcp) co_return Outcome(health::TcpConnected{});
    auto answer = co_await exchange_http(socket, target);
    if (auto* const http = std::get_if<health::HttpAnswer>(&answer))
        co_return Outcome(std::move(*http));
    co_return Outcome(std::get<health::Failure>(std::move(answer)));
}

}  // namespace

asio::awaitable<health::Observation> ask(Target target) {
    const TimePoint start = Clock::now();
    health::Observation observation;
    try {
        observation.outcome = co_await outcome_of(target);
    } catch (const std::exception& error) {  // no memory, or cancelled from outside
        observation.outcome = health::Failure{health::FailureKind::internal, error.what()};
    }
    observation.at = Clock::now();
    observation.latency = observation.at - start;
    co_return observation;
}

}  // namespace pgsteer::probe
