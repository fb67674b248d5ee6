// Script: one run of a check's steps against one node. Made for one probe and then thrown away;
// control thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>
#include <vector>

#include "health/expectation.h"
#include "probe/channel.h"
#include "probe/http_answer.h"

namespace pgsteer::probe {

class Script {
  public:
    using Outcome = decltype(health::Observation::outcome);

    Script(boost::asio::any_io_executor executor, Target target);
    boost::asio::awaitable<Outcome> run();

  private:
    using Ended = boost::asio::awaitable<std::optional<Outcome>>;

    Ended take(const config::ConnectStep& step);
    Ended take(const config::SendStep& step);
    Ended take(const config::HttpSendStep& step);
    // The group of expectations that begins at next_; they look at the same bytes.
    Ended expect_bytes();
    Ended expect_answer();
    boost::asio::awaitable<Outcome> receive_line();
    boost::asio::awaitable<std::optional<health::Failure>> receive(bool body_wanted);
    std::optional<health::Failure> read_answer();
    boost::asio::awaitable<std::optional<health::Failure>> receive_more();
    bool at_expectation() const;
    std::string place() const;

    Target target_;
    Channel channel_;
    std::size_t next_ = 0;      // the step to be taken
    std::size_t connects_ = 0;  // made so far
    TimePoint deadline_ = TimePoint::max();
    std::string received_;  // since the last send
    bool all_received_ = false;
    bool to_head_ = false;  // the last request was HEAD
    Outcome last_;          // how it ends when no step is left
};

}  // namespace pgsteer::probe
