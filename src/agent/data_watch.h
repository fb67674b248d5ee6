// DataWatch: notices in PostgreSQL's data directory that something is about to change: its process
// file and standby.signal, which a promotion removes. It decides nothing; it says when to ask.
// Owned by Agent; its executor's thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace pgsteer::agent {

enum class DataChange : std::uint8_t {
    of_interest,    // a start, a stop, ready for connections
    recovery_ends,  // its signal file went: a promotion takes a few milliseconds more
};

class DataWatch {
  public:
    // `on_change` is called on the executor's thread. A directory that cannot be watched (another
    // user's, on another machine) is said once, and nothing is called.
    DataWatch(const boost::asio::any_io_executor& executor, std::string directory,
              std::function<void(DataChange)> on_change);
    const std::string& directory() const { return directory_; }

  private:
    void wait();
    std::optional<DataChange> drain();  // the most telling of what happened

    std::string directory_;
    std::function<void(DataChange)> on_change_;
    boost::asio::posix::stream_descriptor events_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace pgsteer::agent
