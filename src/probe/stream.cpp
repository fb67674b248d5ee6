#include "probe/stream.h"

#include <fmt/format.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <exception>
#include <utility>

#include "base/units.h"
#include "health/check_text.h"
#include "http/percent.h"
#include "probe/event_text.h"
#include "probe/net.h"

namespace pgsteer::probe {
namespace {

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

constexpr int missed_heartbeats = 3;
constexpr std::size_t longest_head = 8192;

std::string request_for(const config::Check& check, const std::string& host) {
    const auto& request = std::get<config::HttpSendStep>(check.steps.at(1));
    const std::string uri = health::text_of(request.uri, {});
    return fmt::format(
        "GET /watch?check={} HTTP/1.1\r\nHost: {}\r\nAccept: text/event-stream\r\n\r\n",
        http::percent_encode(request.method + " " + (uri.empty() ? "/" : uri)), host);
}

class Following {
  public:
    Following(Socket& socket, milliseconds patience,
              std::function<void(const health::Observation&)>& on_event)
        : socket_(socket),
          timer_(socket.get_executor()),
          patience_(patience),
          on_event_(on_event) {}

    asio::awaitable<StreamEnd> run(const std::string& request) {
        boost::system::error_code failed;
        // A few hundred bytes on a fresh connection: they fit into its buffer.
        asio::write(socket_, asio::buffer(request), failed);
        while (end_.why.empty()) {
            timer_.expires_after(patience_);
            const auto done = co_await (socket_.async_read_some(asio::buffer(chunk_), as_result) ||
                                        timer_.async_wait(as_result));
            if (done.index() == 1) {
                end_.why = "silent for " + format_time(patience_);
                break;
            }
            const auto [error, size] = std::get<0>(done);
            if (error)
                end_.why = error == asio::error::eof ? "closed" : error.message();
            else
                take({chunk_.data(), size});
        }
        co_return std::move(end_);
    }

  private:
    void take(std::string_view piece) {
        if (in_events_) return take_events(piece);
        head_ += piece;
        const std::size_t end = head_.find("\r\n\r\n");
        if (end == std::string::npos) {
            if (head_.size() > longest_head) end_.why = "not an HTTP answer";
            return;
        }
        if (head_.find(" 200 ") > head_.find("\r\n")) {
            end_.why = "refused: " + head_.substr(0, head_.find("\r\n"));
            return;
        }
        in_events_ = true;
        const std::string rest = head_.substr(end + 4);
        take_events(rest);
    }

    void take_events(std::string_view piece) {
        const auto events = reader_.take(piece);
        if (!events) {
            end_.why = "not a stream of events";
            return;
        }
        for (const std::string& data : *events) {
            auto event = read_event(data);
            if (!event) {
                end_.why = "an event that cannot be read";
                return;
            }
            end_.heard = true;
            patience_ = missed_heartbeats * event->heartbeat;
            health::Observation observation;
            observation.at = Clock::now();
            observation.outcome = std::move(event->answer);
            observation.watched = true;
            on_event_(observation);
        }
    }

    Socket& socket_;
    asio::steady_timer timer_;
    milliseconds patience_;
    std::function<void(const health::Observation&)>& on_event_;
    EventReader reader_;
    std::string head_;
    bool in_events_ = false;
    StreamEnd end_;
    std::array<char, 4096> chunk_{};
};

}  // namespace

asio::awaitable<StreamEnd> follow_stream(Target target,
                                         std::function<void(const health::Observation&)> on_event) {
    StreamEnd end;
    try {
        Socket socket(co_await asio::this_coro::executor);
        const auto failure =
            co_await connect(socket, target.destinations.at(0).addresses,
                             target.destinations.at(0).peer.origin, target.connect_timeout);
        if (failure) {
            end.why = failure->text;
            co_return end;
        }
        boost::system::error_code ignored;
        const auto peer = socket.remote_endpoint(ignored);
        const Address address =
            Address::from_sockaddr(peer.data(), static_cast<socklen_t>(peer.size()));
        Following following(socket, target.answer_timeout, on_event);
        end = co_await following.run(request_for(target.check, address.host()));
    } catch (const std::exception& error) {  // no memory, or cancelled from outside
        end.why = error.what();
    }
    co_return end;
}

}  // namespace pgsteer::probe
