#include "probe/channel.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "base/units.h"
#include "pgwire/proxy_header.h"
#include "tls/asio_context.h"
#include "tls/context.h"

namespace pgsteer::probe {
namespace {

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;
using health::Failure;
using health::FailureKind;
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

Address address_of(const Socket::endpoint_type& endpoint) {
    return Address::from_sockaddr(endpoint.data(), static_cast<socklen_t>(endpoint.size()));
}

using Done = std::variant<std::tuple<boost::system::error_code, std::size_t>,
                          std::tuple<boost::system::error_code>>;

// What came first: the bytes, or the timer.
Channel::Result result_of(const Done& done) {
    if (done.index() == 1) return {0, Channel::End::time, "timeout"};
    const auto& [error, size] = std::get<0>(done);
    if (!error) return {size, Channel::End::none, ""};
    const bool closed = error == asio::error::eof || error == asio::ssl::error::stream_truncated;
    return {size, closed ? Channel::End::closed : Channel::End::error, error.message()};
}

}  // namespace

Channel::Channel(asio::any_io_executor executor) : socket_(executor), timer_(executor) {}

Address Channel::peer() const {
    boost::system::error_code ignored;
    return address_of(socket_.remote_endpoint(ignored));
}

asio::awaitable<std::optional<Failure>> Channel::open(const Destination& to, const Target& target) {
    tls_.reset();
    const TimePoint deadline = after(Clock::now(), target.connect_timeout);
    auto failure = co_await connect(socket_, to.addresses, to.peer.origin, target.connect_timeout);
    if (!failure && to.peer.announcement.any())
        failure = co_await announce(to.peer.announcement, deadline);
    if (!failure && to.peer.tls) failure = co_await shake_hands(to.peer, target, deadline);
    co_return failure;
}

asio::awaitable<std::optional<Failure>> Channel::announce(const Announcement& announcement,
                                                          TimePoint deadline) {
    boost::system::error_code ignored;
    // HAProxy's checks: version 1 names our own ends, version 2 says that nobody is meant.
    const Address from =
        announcement.binary ? Address() : address_of(socket_.local_endpoint(ignored));
    const std::string header = pgwire::proxy_header(announcement, from, peer());
    const Result sent = co_await write(header, deadline);
    if (sent.end == End::none) co_return std::nullopt;
    co_return Failure{FailureKind::internal, "sending the PROXY header: " + sent.why};
}

asio::awaitable<std::optional<Failure>> Channel::shake_hands(const health::Peer& peer,
                                                             const Target& target,
                                                             TimePoint deadline) {
    if (!target.tls) co_return Failure{FailureKind::tls, "TLS is not set up"};
    context_ = tls::shared_with_asio(target.tls->native());
    tls_.emplace(socket_, *context_);
    SSL* const ssl = tls_->native_handle();
    target.tls->name(ssl, peer.sni);
    const auto alpn = tls::wire_form(peer.alpn);
    if (!alpn.empty()) SSL_set_alpn_protos(ssl, alpn.data(), static_cast<unsigned>(alpn.size()));
    timer_.expires_at(deadline);
    const auto done = co_await (tls_->async_handshake(asio::ssl::stream_base::client, as_result) ||
                                timer_.async_wait(as_result));
    if (done.index() == 1) co_return Failure{FailureKind::tls_timeout, "no TLS handshake in time"};
    const auto [error] = std::get<0>(done);
    if (!error) co_return std::nullopt;
    const long verified = SSL_get_verify_result(ssl);
    co_return Failure{FailureKind::tls, verified == X509_V_OK
                                            ? "SSL handshake failure: " + error.message()
                                            : fmt::format("SSL certificate not believed: {}",
                                                          X509_verify_cert_error_string(verified))};
}

// No ?: around co_await: GCC 12 miscompiles it.
asio::awaitable<Channel::Result> Channel::read(std::span<char> room, TimePoint deadline) {
    timer_.expires_at(deadline);
    const auto buffer = asio::buffer(room.data(), room.size());
    if (tls_)
        co_return result_of(
            co_await (tls_->async_read_some(buffer, as_result) || timer_.async_wait(as_result)));
    co_return result_of(
        co_await (socket_.async_read_some(buffer, as_result) || timer_.async_wait(as_result)));
}

asio::awaitable<Channel::Result> Channel::write(std::string_view bytes, TimePoint deadline) {
    timer_.expires_at(deadline);
    const auto buffer = asio::buffer(bytes.data(), bytes.size());
    if (tls_)
        co_return result_of(
            co_await (asio::async_write(*tls_, buffer, as_result) || timer_.async_wait(as_result)));
    co_return result_of(
        co_await (asio::async_write(socket_, buffer, as_result) || timer_.async_wait(as_result)));
}

}  // namespace pgsteer::probe
