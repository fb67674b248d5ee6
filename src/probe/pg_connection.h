// PgConnection: one libpq connection driven without blocking, as coroutines. In pipeline mode all
// its life, so that a bare Sync can be asked. Every wait has a deadline; stop() ends a wait at once
// and for good. Owned by the role watcher; its thread only.
#pragma once

#include <libpq-fe.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace pgsteer::probe {

struct PgParameters {
    std::string conninfo;
    std::string application_name;  // the connection string may say another
    milliseconds timeout{1000};    // to connect; also statement_timeout on the server
};

// What a round trip brought.
struct PgAnswer {
    bool in_recovery = false;
    std::optional<std::uint32_t> timeline;  // only from a full question, when permitted
    std::string lsn;                        // likewise: written (primary) or replayed (standby)
};

enum class PgQuestion {
    role,  // the cheapest that tells it: a Sync where the server reports in_hot_standby by itself
    full,  // also timeline and LSN
};

class PgConnection {
  public:
    explicit PgConnection(boost::asio::any_io_executor executor);
    ~PgConnection() { close(); }
    PgConnection(const PgConnection&) = delete;
    PgConnection& operator=(const PgConnection&) = delete;

    // Errors name what the server or the system said; after an error call close().
    boost::asio::awaitable<Result<void>> open(const PgParameters& parameters);
    boost::asio::awaitable<Result<PgAnswer>> ask(PgQuestion question, TimePoint deadline);
    // Waits until `deadline`, or shorter when the server reports something unasked. Error: it
    // closed.
    boost::asio::awaitable<Result<void>> idle(TimePoint deadline);
    // Waits without looking at the connection.
    boost::asio::awaitable<void> pause(Duration span);

    void close();
    void stop();
    bool stopped() const { return stopped_; }
    int server_version() const { return connection_ ? ::PQserverVersion(connection_.get()) : 0; }

  private:
    enum class Ready { yes, deadline, stopped };
    struct Reply;

    boost::asio::awaitable<Result<std::vector<std::string>>> resolve(const std::string& host);
    Result<void> start(const PgParameters& parameters, const std::string& options,
                       const std::string& host, const std::string& hostaddr);
    boost::asio::awaitable<Result<void>> finish_start(const PgParameters& parameters,
                                                      TimePoint deadline);
    boost::asio::awaitable<Result<Reply>> round_trip(const char* query, TimePoint deadline);
    boost::asio::awaitable<Result<void>> flush(TimePoint deadline);
    boost::asio::awaitable<Result<void>> collect(Reply& reply, TimePoint deadline);
    boost::asio::awaitable<Ready> wait(bool for_writing, TimePoint deadline);
    bool watch_socket();
    std::optional<bool> reported_standby() const;
    std::string message() const;

    struct Finish {
        void operator()(PGconn* connection) const { ::PQfinish(connection); }
    };
    std::unique_ptr<PGconn, Finish> connection_;
    // A duplicate of libpq's socket: libpq may close its own while it tries addresses.
    boost::asio::posix::stream_descriptor socket_;
    boost::asio::steady_timer timer_;
    bool stopped_ = false;
    bool full_permitted_ = true;
    bool report_trusted_ = true;
};

}  // namespace pgsteer::probe
