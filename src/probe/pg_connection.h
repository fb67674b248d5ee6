// PgConnection: one libpq connection driven without blocking, as coroutines. In pipeline mode all
// its life, so that a bare Sync can be asked. Every wait has a deadline; stop() ends a wait at once
// and for good. Owned by the role watcher; its thread only.
#pragma once

#include <libpq-fe.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/clock.h"
#include "base/result.h"
#include "health/node.h"

namespace pgsteer::probe {

struct PgParameters {
    std::string conninfo;
    std::string application_name;  // the connection string may say another
    milliseconds timeout{1000};    // to connect; also statement_timeout on the server
};

// Why something failed, and what that tells of the server.
struct PgFailure {
    health::Doubt doubt = health::Doubt::silent;
    std::string text;  // what the server or the system said
};
[[noreturn]] inline void throw_exception_from_error(const PgFailure& failure,
                                                    const boost::source_location&) {
    throw std::logic_error("value of a failed result: " + failure.text);
}
template <class T>
using PgOutcome = boost::system::result<T, PgFailure>;

enum class PgQuestion {
    role,  // alone
    full,  // all of NodeState
};

// A row of bare Syncs: role questions for nearly nothing.
struct BeatPlan {
    health::Role known{};                      // the row goes on while the server reports this one
    TimePoint last;                            // when it was asked last
    TimePoint until;                           // ends the row
    milliseconds timeout{1000};                // for each answer
    std::function<milliseconds()> interval;    // asked anew before each
    std::function<void(TimePoint)> on_answer;  // the same role again; when it was asked
};

class PgConnection {
  public:
    explicit PgConnection(boost::asio::any_io_executor executor);
    ~PgConnection() { close(); }
    PgConnection(const PgConnection&) = delete;
    PgConnection& operator=(const PgConnection&) = delete;

    // After a failure call close().
    boost::asio::awaitable<PgOutcome<void>> open(const PgParameters& parameters);
    // A role question fills the role alone.
    boost::asio::awaitable<PgOutcome<health::NodeState>> ask(PgQuestion question,
                                                             TimePoint deadline);
    // As of the last answer. A server that reports its role by itself may be asked by beats, which
    // succeed when a full question is due, or the role is another one than was known.
    std::optional<health::Role> reported_role() const;
    boost::asio::awaitable<PgOutcome<void>> beat(BeatPlan plan);
    // Empty when the user may not see it.
    boost::asio::awaitable<std::string> data_directory(TimePoint deadline);
    // Waits until `deadline`, or shorter when the server reports something unasked, or hurry() is
    // called. Failure: it closed.
    boost::asio::awaitable<PgOutcome<void>> idle(TimePoint deadline);
    // Waits without looking at the connection.
    boost::asio::awaitable<void> pause(Duration span);

    void close();
    // Ends an idle() or pause() now; makes the next beat come now.
    void hurry() {
        if (idling_) timer_.cancel();
    }
    void stop();
    bool stopped() const { return stopped_; }
    // Where it is connected to; nothing when it is not.
    std::optional<Address> peer() const;
    int server_version() const { return connection_ ? ::PQserverVersion(connection_.get()) : 0; }

  private:
    enum class Ready { yes, deadline, stopped };
    struct Reply;
    struct Beats;

    void finish(Beats& beats, PgOutcome<void> end);
    void send_beat(Beats& beats);
    void await_time(const std::shared_ptr<Beats>& beats);
    void on_time(Beats& beats);
    void await_bytes(const std::shared_ptr<Beats>& beats);
    void on_bytes(Beats& beats);
    void await_plain_bytes(const std::shared_ptr<Beats>& beats);
    void on_plain_bytes(Beats& beats, std::string_view bytes);
    void take_plain_answer(Beats& beats);
    void take_answer(Beats& beats);
    bool is_plain() const;

    boost::asio::awaitable<PgOutcome<std::vector<std::string>>> resolve(const std::string& host);
    PgOutcome<void> start(const PgParameters& parameters, const std::string& options,
                          const std::string& host, const std::string& hostaddr);
    boost::asio::awaitable<PgOutcome<void>> finish_start(const PgParameters& parameters,
                                                         TimePoint deadline);
    boost::asio::awaitable<PgOutcome<Reply>> round_trip(const char* query, TimePoint deadline);
    bool is_prepared(const char* query) const;
    bool send_query(const char* query);
    boost::asio::awaitable<PgOutcome<Reply>> try_query(const char* query, TimePoint deadline);
    boost::asio::awaitable<PgOutcome<Reply>> reply_to(PgQuestion question, TimePoint deadline);
    boost::asio::awaitable<PgOutcome<void>> flush(TimePoint deadline);
    boost::asio::awaitable<PgOutcome<void>> collect(Reply& reply, TimePoint deadline);
    boost::asio::awaitable<Ready> wait(bool for_writing, TimePoint deadline);
    bool watch_socket();
    PgFailure failure() const;

    struct Finish {
        void operator()(PGconn* connection) const { ::PQfinish(connection); }
    };
    std::unique_ptr<PGconn, Finish> connection_;
    // A duplicate of libpq's socket: libpq may close its own while it tries addresses.
    boost::asio::generic::stream_protocol::socket socket_;
    boost::asio::steady_timer timer_;
    bool stopped_ = false;
    bool idling_ = false;
    bool full_permitted_ = true;
    bool report_trusted_ = true;
    bool may_prepare_ = true;            // until a pooler in between shows that statements get lost
    std::vector<const char*> prepared_;  // queries
    health::Role answered_ = health::Role::unknown;  // to the last query
};

}  // namespace pgsteer::probe
