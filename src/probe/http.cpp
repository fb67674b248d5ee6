#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <utility>

#include "base/units.h"
#include "probe/http_answer.h"
#include "probe/net.h"

namespace pgsteer::probe {
namespace {

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;
using health::Failure;
using health::FailureKind;
using health::HttpAnswer;
using Outcome = std::variant<HttpAnswer, Failure>;
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

// When the status alone is asked for: how long the rest of an answer is awaited, for the word in
// its body and so that the node sees a clean close. The script's writes come within a millisecond.
constexpr milliseconds body_grace{50};

struct Reading {
    std::string received;
    bool timed_out = false;
    std::string end;  // why the reading ended, when the peer ended it
};

// Reads until the answer is as complete as it is needed, the peer ends, or `deadline`.
asio::awaitable<Reading> read_answer(Socket& socket, const config::Check& check,
                                     TimePoint deadline) {
    asio::steady_timer timer(socket.get_executor());
    std::array<char, 4096> chunk;
    Reading reading;
    bool grace_given = false;
    while (reading.received.size() < most_answer_bytes) {
        timer.expires_at(deadline);
        const auto done = co_await (socket.async_read_some(asio::buffer(chunk), as_result) ||
                                    timer.async_wait(as_result));
        if (done.index() == 1) {
            reading.timed_out = !grace_given;
            break;
        }
        const auto [error, size] = std::get<0>(done);
        if (error) {
            reading.end = error == asio::error::eof ? "closed" : error.message();
            break;
        }
        reading.received.append(chunk.data(),
                                std::min(size, most_answer_bytes - reading.received.size()));
        const auto parsed = parse_answer(reading.received, check.method == "HEAD");
        if (!parsed) continue;
        if (parsed->body_complete) break;
        if (parsed->head_ended && !wants_body(check) && !std::exchange(grace_given, true))
            deadline = std::min(deadline, after(Clock::now(), body_grace));
    }
    co_return reading;
}

Failure failure_of(const Reading& reading, milliseconds timeout) {
    const std::string seen =
        reading.received.empty() ? "" : "; received '" + excerpt(reading.received) + "'";
    if (reading.timed_out)
        return {FailureKind::answer_timeout,
                "no complete answer within " + format_time(timeout) + seen};
    if (reading.received.empty())
        return {FailureKind::bad_answer, "connection " + reading.end + " without an answer"};
    return {FailureKind::bad_answer, "not an HTTP answer" + seen};
}

}  // namespace

asio::awaitable<Outcome> exchange_http(Socket& socket, const Target& target) {
    const TimePoint deadline = after(Clock::now(), target.answer_timeout);
    boost::system::error_code ignored;
    const auto peer = socket.remote_endpoint(ignored);
    const Address address =
        Address::from_sockaddr(peer.data(), static_cast<socklen_t>(peer.size()));
    const std::string request = format_request(target.check, address.host());
    asio::steady_timer timer(socket.get_executor());
    timer.expires_at(deadline);
    // A script may answer and close without reading: a failing write does not matter, its answer
    // may still be there to read.
    const auto sent = co_await (asio::async_write(socket, asio::buffer(request), as_result) ||
                                timer.async_wait(as_result));
    Reading reading;
    if (sent.index() == 1)
        reading.timed_out = true;
    else
        reading = co_await read_answer(socket, target.check, deadline);
    auto parsed = parse_answer(reading.received, target.check.method == "HEAD");
    if (!parsed || reading.timed_out) co_return failure_of(reading, target.answer_timeout);
    co_return std::move(parsed->answer);
}

}  // namespace pgsteer::probe
