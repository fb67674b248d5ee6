#include "dns/resolve.h"

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
    Answer answer;
    for (std::uint32_t tried = 1;; ++tried) {
        const TimePoint next = after(Clock::now(), section.retry);
        answer =
            co_await exchange(section.nameservers, {host, first, section.retry, section.payload});
        if (answer.status != Status::valid && answer.status != Status::timeout &&
            first != Type::srv)
            answer = co_await exchange(section.nameservers,
                                       {host, other, section.retry, section.payload});
        if (answer.status == Status::valid || tried >= section.tries) co_return answer;
        pause.expires_at(next);
        co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
    }
}

}  // namespace pgsteer::dns
