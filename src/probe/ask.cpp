#include "probe/ask.h"

#include <boost/asio/this_coro.hpp>
#include <exception>
#include <utility>

#include "probe/program.h"
#include "probe/script.h"

namespace pgsteer::probe {

boost::asio::awaitable<health::Observation> ask(Target target) {
    const TimePoint start = Clock::now();
    health::Observation observation;
    try {
        if (target.check.kind == config::Check::Kind::external) {
            observation.outcome = co_await run_program(target);
        } else {
            Script script(co_await boost::asio::this_coro::executor, std::move(target));
            // Closed in order, without a reset: PostgreSQL writes a log line for a reset, none for
            // an end.
            observation.outcome = co_await script.run();
        }
    } catch (const std::exception& error) {  // no memory, or cancelled from outside
        observation.outcome = health::Failure{health::FailureKind::internal, error.what()};
    }
    observation.at = Clock::now();
    observation.latency = observation.at - start;
    co_return observation;
}

}  // namespace pgsteer::probe
