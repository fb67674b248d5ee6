#include "dns/resolve.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>

#include "dns/exchange.h"

namespace asio = boost::asio;

namespace pgsteer::dns {

asio::awaitable<Answer> resolve(const config::Resolvers& section, std::string host, Wanted wanted) {
    asio::steady_timer pause(co_await asio::this_coro::executor);
    const Type first = wanted == Wanted::services     ? Type::srv
                       : wanted == Wanted::ipv6_first ? Type::aaaa
                                                      : Type::a;
    const Type other = first == Type::aaaa ? Type::a : Type::aaaa;
    // A retry time of 0 would ask without a pause.
    const milliseconds retry = std::max(section.retry, milliseconds{10});
    // Named, and not made in the call: GCC 12 destroys such temporaries of a co_await twice.
    const Question question{host, first, retry, section.payload};
    const Question fallback{host, other, retry, section.payload};
    Answer answer;
    for (std::uint32_t tried = 1;; ++tried) {
        const TimePoint next = after(Clock::now(), retry);
        answer = co_await exchange(section.nameservers, question);
        if (answer.status != Status::valid && answer.status != Status::timeout &&
            first != Type::srv)
            answer = co_await exchange(section.nameservers, fallback);
        if (answer.status == Status::valid || tried >= section.tries) co_return answer;
        pause.expires_at(next);
        co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
    }
}

}  // namespace pgsteer::dns
