#include "probe/door.h"

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace pgsteer::probe {
namespace {

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

// Length 8, code 80877103 (PostgreSQL 15 manual, 55.7, SSLRequest).
constexpr std::array<unsigned char, 8> ssl_request{0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f};

}  // namespace

Door::Door(asio::any_io_executor executor) : timer_(executor), socket_(executor) {}

void Door::stop() {
    stopped_ = true;
    timer_.cancel();
    boost::system::error_code ignored;
    socket_.close(ignored);
}

asio::awaitable<void> Door::pause(milliseconds span) {
    if (stopped_) co_return;
    timer_.expires_after(span);
    co_await timer_.async_wait(as_result);
}

asio::awaitable<Door::Answer> Door::knock(milliseconds timeout) {
    if (!address_ || stopped_) co_return Answer::unasked;
    const Address address = *address_;
    boost::system::error_code failed;
    socket_.close(failed);
    UniqueFd fd = open_socket(origin_, address.family());
    if (!fd || !bind_socket(fd.get(), origin_, turn_++)) co_return Answer::unasked;
    socket_.assign(asio::generic::stream_protocol(address.family(), 0), fd.get(), failed);
    if (failed) co_return Answer::unasked;
    fd.release();
    timer_.expires_after(timeout);
    asio::generic::stream_protocol::endpoint endpoint(address.get(), address.length());
    const auto connected =
        co_await (socket_.async_connect(endpoint, as_result) || timer_.async_wait(as_result));
    if (connected.index() == 1) co_return Answer::none;
    if (const auto error = std::get<0>(std::get<0>(connected)))
        // A unix socket whose backlog is full answers EAGAIN: nobody takes connections there.
        co_return error == asio::error::try_again ? Answer::none : Answer::refused;
    asio::write(socket_, asio::buffer(ssl_request), failed);
    std::array<char, 1> byte{};
    const auto read = co_await (asio::async_read(socket_, asio::buffer(byte), as_result) ||
                                timer_.async_wait(as_result));
    const bool late = read.index() == 1;
    socket_.close(failed);
    if (late) co_return Answer::none;
    co_return std::get<0>(std::get<0>(read)) ? Answer::refused : Answer::some;
}

}  // namespace pgsteer::probe
