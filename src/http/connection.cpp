#include "http/connection.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <exception>
#include <utility>
#include <variant>

#include "http/parser.h"
#include "tls/asio_context.h"
#include "tls/context.h"

namespace pgsteer::http {
namespace {

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

// How long, and for how many bytes, the rest of what a client sends is read after our answer:
// closing with unread bytes makes the kernel send a reset, which can overtake the answer.
constexpr milliseconds drain_time{1000};
constexpr std::size_t most_drained = 64 * 1024;

}  // namespace

Connection::Connection(Socket socket, const ServerOptions& options, const Answer& answer)
    : socket_(std::move(socket)),
      timer_(socket_.get_executor()),
      options_(options),
      answer_(answer),
      chunk_{} {}

void Connection::close() {
    boost::system::error_code ignored;
    socket_.close(ignored);
}

asio::awaitable<bool> Connection::shake_hands() {
    if (!options_.tls) co_return true;
    context_ = tls::shared_with_asio(options_.tls->native());
    tls_.emplace(socket_, *context_);
    timer_.expires_after(options_.request_limit);
    const auto done = co_await (tls_->async_handshake(asio::ssl::stream_base::server, as_result) ||
                                timer_.async_wait(as_result));
    co_return done.index() == 0 && !std::get<0>(std::get<0>(done));
}

// Within TLS first, for a client that tells a whole answer by that.
asio::awaitable<void> Connection::say_end() {
    boost::system::error_code error;
    if (tls_) {
        timer_.expires_after(drain_time);
        co_await (tls_->async_shutdown(as_result) || timer_.async_wait(as_result));
    }
    socket_.shutdown(Socket::shutdown_send, error);
    tls_.reset();
    if (!error) co_await drain();
}

asio::awaitable<void> Connection::run() {
    const bool ready = co_await shake_hands();
    if (!ready) co_return;
    const std::optional<Response> response = co_await take_request();
    if (!response) co_return;
    const std::string text = format_response(*response, !head_only_);
    const bool sent = co_await send(text);
    if (!sent) co_return;
    if (response->stream && !head_only_) co_return co_await send_stream(*response);
    co_await say_end();
}

// The answer to send; nothing when the connection is to be closed without one.
asio::awaitable<std::optional<Response>> Connection::take_request() {
    std::string received;
    const TimePoint accepted = Clock::now();
    for (;;) {
        const bool may_be_silent = received.empty() && options_.answer_silence;
        const Event event = co_await receive(
            after(accepted, may_be_silent ? options_.silence_limit : options_.request_limit));
        if (event == Event::failure) co_return std::nullopt;
        if (event != Event::data) {
            if (may_be_silent) co_return answer_silent_client();
            if (event == Event::timeout || received.empty()) co_return std::nullopt;
            co_return plain_response(400, "Bad Request");
        }
        received.append(chunk_.data(), chunk_size_);
        Parsed parsed =
            parse_request(received, options_.most_request_bytes, options_.most_body_bytes);
        if (parsed.state == ParseState::need_more) continue;
        if (parsed.state == ParseState::malformed) co_return plain_response(400, "Bad Request");
        if (parsed.state == ParseState::too_large)
            co_return plain_response(431, "Request Header Fields Too Large");
        if (parsed.state == ParseState::body_too_large)
            co_return plain_response(413, "Content Too Large");
        if (parsed.state == ParseState::length_required)
            co_return plain_response(411, "Length Required");
        head_only_ = parsed.request.method == "HEAD";
        parsed.request.source = Address::peer_of(socket_.native_handle());
        parsed.request.destination = Address::local_of(socket_.native_handle());
        co_return answer_request(parsed.request);
    }
}

std::optional<Response> Connection::answer_silent_client() const {
    Request request;
    request.method = "GET";
    request.path = "/";
    request.silent = true;
    return answer_request(request);
}

Response Connection::answer_request(const Request& request) const {
    try {
        return answer_(request);
    } catch (const std::exception&) {
        return plain_response(500, "Internal Server Error");
    }
}

// Until the client goes, or takes nothing for so long that it must be gone.
asio::awaitable<void> Connection::send_stream(const Response& head) {
    Broadcast::Subscriber subscriber(*head.stream, timer_, head.seen);
    std::size_t received = 0;
    for (;;) {
        while (const auto text = subscriber.take()) {
            const bool sent = co_await send(*text);
            if (!sent) co_return;
        }
        if (subscriber.is_over()) co_return;
        subscriber.wait(true);
        const Event event = co_await receive(never);
        subscriber.wait(false);
        if (event == Event::timeout) continue;  // there is something new
        received += chunk_size_;
        if (event != Event::data || received > most_drained) co_return;
    }
}

asio::awaitable<bool> Connection::send(std::string_view text) {
    timer_.expires_after(options_.request_limit);
    if (tls_) {
        const auto sent = co_await (asio::async_write(*tls_, asio::buffer(text), as_result) ||
                                    timer_.async_wait(as_result));
        co_return sent.index() == 0 && !std::get<0>(std::get<0>(sent));
    }
    const auto done = co_await (asio::async_write(socket_, asio::buffer(text), as_result) ||
                                timer_.async_wait(as_result));
    co_return done.index() == 0 && !std::get<0>(std::get<0>(done));
}

asio::awaitable<void> Connection::drain() {
    const TimePoint deadline = after(Clock::now(), drain_time);
    std::size_t drained = 0;
    while (drained < most_drained) {
        const Event event = co_await receive(deadline);
        if (event != Event::data) co_return;
        drained += chunk_size_;
    }
}

asio::awaitable<Connection::Event> Connection::receive(TimePoint deadline) {
    timer_.expires_at(deadline);
    if (tls_)
        co_return event_of(co_await (tls_->async_read_some(asio::buffer(chunk_), as_result) ||
                                     timer_.async_wait(as_result)));
    co_return event_of(co_await (socket_.async_read_some(asio::buffer(chunk_), as_result) ||
                                 timer_.async_wait(as_result)));
}

Connection::Event Connection::event_of(const Done& done) {
    if (done.index() == 1) return Event::timeout;
    const auto [error, size] = std::get<0>(done);
    chunk_size_ = size;
    if (error == asio::error::eof) return Event::end;
    return error ? Event::failure : Event::data;
}

}  // namespace pgsteer::http
