#include "probe/pg_connection.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>
#include <string_view>
#include <utility>

#include "base/units.h"
#include "probe/conninfo.h"

namespace pgsteer::probe {
namespace {

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

// The first version that reports in_hot_standby by itself whenever it changes.
constexpr int reports_standby_from = 140000;

constexpr const char* role_query = "select pg_catalog.pg_is_in_recovery()";
// The timeline of a primary is in the name of its WAL file: the control file knows a new one only
// after the first checkpoint. All functions are open to every user unless an administrator revoked
// them; CASE keeps each from being called in the state where it fails.
constexpr const char* full_query =
    "select pg_catalog.pg_is_in_recovery(),"
    " case when pg_catalog.pg_is_in_recovery()"
    " then (select timeline_id from pg_catalog.pg_control_checkpoint())"
    " else ('x' || pg_catalog.substr(pg_catalog.pg_walfile_name("
    "pg_catalog.pg_current_wal_lsn()), 1, 8))::pg_catalog.bit(32)::pg_catalog.int4 end,"
    " case when pg_catalog.pg_is_in_recovery() then pg_catalog.pg_last_wal_replay_lsn()"
    " else pg_catalog.pg_current_wal_lsn() end";

struct Clear {
    void operator()(PGresult* result) const { ::PQclear(result); }
};
using PgResult = std::unique_ptr<PGresult, Clear>;

// The first line of libpq's message, which never holds a password.
std::string first_line(const char* text) {
    std::string line(text != nullptr ? text : "");
    line = line.substr(0, line.find('\n'));
    while (!line.empty() && line.back() == ' ')
        line.pop_back();
    return line;
}

bool missing_permission_or_function(std::string_view sqlstate) {
    return sqlstate == "42501" || sqlstate == "42883" || sqlstate == "42P01";
}

void ignore_notice(void*, const PGresult*) {}  // libpq's own would write to stderr

Error no_answer(milliseconds timeout) {
    return Error{"no answer within " + format_time(timeout)};
}

PgAnswer read_row(const PGresult* row) {
    PgAnswer answer;
    answer.in_recovery = std::string_view(::PQgetvalue(row, 0, 0)) == "t";
    if (::PQnfields(row) < 3) return answer;
    const std::string_view timeline = ::PQgetvalue(row, 0, 1);
    std::uint32_t number = 0;
    const auto [end, error] =
        std::from_chars(timeline.data(), timeline.data() + timeline.size(), number);
    if (error == std::errc() && number > 0) answer.timeline = number;
    answer.lsn = ::PQgetvalue(row, 0, 2);
    return answer;
}

}  // namespace

// What came between a question and its Sync.
struct PgConnection::Reply {
    std::optional<PgAnswer> row;
    std::string error;
    std::string sqlstate;
};

PgConnection::PgConnection(asio::any_io_executor executor) : socket_(executor), timer_(executor) {}

void PgConnection::stop() {
    stopped_ = true;
    timer_.cancel();
    boost::system::error_code ignored;
    socket_.close(ignored);
}

void PgConnection::close() {
    boost::system::error_code ignored;
    socket_.close(ignored);  // the duplicate first, so that PQfinish closes for good
    connection_.reset();
    full_permitted_ = true;
    report_trusted_ = true;
}

std::string PgConnection::message() const {
    std::string line = first_line(::PQerrorMessage(connection_.get()));
    return line.empty() ? "the connection failed" : line;
}

bool PgConnection::watch_socket() {
    boost::system::error_code error;
    socket_.close(error);
    const int copy = ::fcntl(::PQsocket(connection_.get()), F_DUPFD_CLOEXEC, 0);
    if (copy < 0) return false;
    socket_.assign(copy, error);
    if (error) ::close(copy);
    return !error;
}

asio::awaitable<PgConnection::Ready> PgConnection::wait(bool for_writing, TimePoint deadline) {
    if (stopped_) co_return Ready::stopped;
    timer_.expires_at(deadline);
    using Descriptor = asio::posix::stream_descriptor;
    const auto direction = for_writing ? Descriptor::wait_write : Descriptor::wait_read;
    const auto done =
        co_await (socket_.async_wait(direction, as_result) || timer_.async_wait(as_result));
    if (stopped_) co_return Ready::stopped;
    co_return done.index() == 0 ? Ready::yes : Ready::deadline;
}

asio::awaitable<void> PgConnection::pause(Duration span) {
    if (stopped_) co_return;
    timer_.expires_after(span);
    co_await timer_.async_wait(as_result);
}

// Asio looks names up on a thread of its own; libpq would block this one.
asio::awaitable<Result<std::vector<std::string>>> PgConnection::resolve(const std::string& host) {
    asio::ip::tcp::resolver resolver(socket_.get_executor());
    const auto [error, found] = co_await resolver.async_resolve(host, "", as_result);
    if (error)
        co_return Error{fmt::format("could not resolve address '{}': {}", host, error.message())};
    std::vector<std::string> addresses;
    for (const auto& entry : found)
        addresses.push_back(entry.endpoint().address().to_string());
    co_return addresses;
}

Result<void> PgConnection::start(const PgParameters& parameters, const std::string& options,
                                 const std::string& host, const std::string& hostaddr) {
    // Later entries win: the connection string may name the application, not the rest.
    std::array<const char*, 7> keywords{"application_name", "dbname", "options", "connect_timeout"};
    const std::string seconds_text = std::to_string(
        std::max<std::int64_t>(2, std::chrono::ceil<seconds>(parameters.timeout).count()));
    std::array<const char*, 7> values{parameters.application_name.c_str(),
                                      parameters.conninfo.c_str(), options.c_str(),
                                      seconds_text.c_str()};
    if (!hostaddr.empty()) {
        keywords[4] = "host";
        values[4] = host.c_str();
        keywords[5] = "hostaddr";
        values[5] = hostaddr.c_str();
    }
    connection_.reset(::PQconnectStartParams(keywords.data(), values.data(), 1));
    if (!connection_) return Error{"out of memory"};
    ::PQsetNoticeReceiver(connection_.get(), ignore_notice, nullptr);
    if (::PQstatus(connection_.get()) == CONNECTION_BAD) return Error{message()};
    return {};
}

asio::awaitable<Result<void>> PgConnection::finish_start(const PgParameters& parameters,
                                                         TimePoint deadline) {
    PostgresPollingStatusType polling = PGRES_POLLING_WRITING;
    while (polling != PGRES_POLLING_OK) {
        if (polling == PGRES_POLLING_FAILED) co_return Error{message()};
        if (!watch_socket()) co_return system_error("socket");
        const Ready ready = co_await wait(polling == PGRES_POLLING_WRITING, deadline);
        if (ready == Ready::stopped) co_return Error{"stopped"};
        if (ready == Ready::deadline) co_return no_answer(parameters.timeout);
        polling = ::PQconnectPoll(connection_.get());
    }
    if (!watch_socket()) co_return system_error("socket");
    if (::PQsetnonblocking(connection_.get(), 1) != 0 ||
        ::PQenterPipelineMode(connection_.get()) != 1)
        co_return Error{message()};
    co_return Result<void>();
}

asio::awaitable<Result<void>> PgConnection::open(const PgParameters& parameters) {
    close();
    const TimePoint deadline = after(Clock::now(), parameters.timeout);
    const auto conninfo = read_conninfo(parameters.conninfo);
    if (!conninfo) co_return conninfo.error();
    std::string hosts;
    std::string hostaddr;
    if (needs_resolving(*conninfo)) {
        const auto resolved = co_await resolve(conninfo->host);
        if (!resolved) co_return resolved.error();
        // libpq wants as many names as addresses.
        for (const std::string& address : *resolved) {
            hostaddr += (hostaddr.empty() ? "" : ",") + address;
            hosts += (hosts.empty() ? "" : ",") + conninfo->host;
        }
    }
    if (stopped_) co_return Error{"stopped"};
    const std::string options =
        fmt::format("{} -c statement_timeout={}", conninfo->options, parameters.timeout.count());
    const auto started = start(parameters, options, hosts, hostaddr);
    if (!started) co_return started.error();
    const auto finished = co_await finish_start(parameters, deadline);
    co_return finished;
}

asio::awaitable<Result<void>> PgConnection::flush(TimePoint deadline) {
    for (;;) {
        const int left = ::PQflush(connection_.get());
        if (left < 0) co_return Error{message()};
        if (left == 0) co_return Result<void>();
        const Ready ready = co_await wait(true, deadline);
        if (ready == Ready::stopped) co_return Error{"stopped"};
        if (ready == Ready::deadline) co_return Error{};
        if (::PQconsumeInput(connection_.get()) != 1) co_return Error{message()};
    }
}

// Reads results up to the Sync. An empty error text means: the deadline passed.
asio::awaitable<Result<void>> PgConnection::collect(Reply& reply, TimePoint deadline) {
    PGconn* const connection = connection_.get();
    for (;;) {
        while (::PQisBusy(connection) == 1) {
            const Ready ready = co_await wait(false, deadline);
            if (ready == Ready::stopped) co_return Error{"stopped"};
            if (ready == Ready::deadline) co_return Error{};
            if (::PQconsumeInput(connection) != 1) co_return Error{message()};
        }
        const PgResult result(::PQgetResult(connection));
        if (::PQstatus(connection) == CONNECTION_BAD) co_return Error{message()};
        if (!result) continue;  // between two results of a pipeline
        const ExecStatusType status = ::PQresultStatus(result.get());
        if (status == PGRES_PIPELINE_SYNC) co_return Result<void>();
        if (status == PGRES_TUPLES_OK && ::PQntuples(result.get()) == 1) {
            reply.row = read_row(result.get());
        } else if (status == PGRES_FATAL_ERROR) {
            reply.error = first_line(::PQresultErrorMessage(result.get()));
            const char* const code = ::PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
            reply.sqlstate = code != nullptr ? code : "";
        }
    }
}

asio::awaitable<Result<PgConnection::Reply>> PgConnection::round_trip(const char* query,
                                                                      TimePoint deadline) {
    PGconn* const connection = connection_.get();
    const TimePoint asked = Clock::now();
    if (query != nullptr &&
        ::PQsendQueryParams(connection, query, 0, nullptr, nullptr, nullptr, nullptr, 0) != 1)
        co_return Error{message()};
    if (::PQpipelineSync(connection) != 1) co_return Error{message()};
    auto done = co_await flush(deadline);
    Reply reply;
    if (done) done = co_await collect(reply, deadline);
    if (done) co_return reply;
    if (done.error().text.empty())
        co_return no_answer(std::chrono::round<milliseconds>(deadline - asked));
    co_return done.error();
}

// What the server reported of itself, as of its last answer; nothing when it does not report.
std::optional<bool> PgConnection::reported_standby() const {
    if (!report_trusted_ || server_version() < reports_standby_from) return std::nullopt;
    const char* const value = ::PQparameterStatus(connection_.get(), "in_hot_standby");
    if (value == nullptr) return std::nullopt;
    return std::string_view(value) == "on";
}

asio::awaitable<Result<PgAnswer>> PgConnection::ask(PgQuestion question, TimePoint deadline) {
    const bool full = question == PgQuestion::full;
    const char* query = full && full_permitted_ ? full_query : role_query;
    if (!full && reported_standby()) query = nullptr;
    auto reply = co_await round_trip(query, deadline);
    if (!reply) co_return reply.error();
    if (query == full_query && missing_permission_or_function(reply->sqlstate)) {
        full_permitted_ = false;
        query = role_query;
        reply = co_await round_trip(query, deadline);
        if (!reply) co_return reply.error();
    }
    if (!reply->error.empty()) co_return Error{reply->error};
    const std::optional<bool> reported = reported_standby();
    if (query == nullptr) {
        if (!reported) co_return Error{"the server no longer reports its role"};
        co_return PgAnswer{*reported, std::nullopt, {}};
    }
    if (!reply->row) co_return Error{"the server answered without a row"};
    // A pooler in between may keep an old report: then only queries count from here on.
    if (reported && *reported != reply->row->in_recovery) report_trusted_ = false;
    co_return *reply->row;
}

asio::awaitable<Result<void>> PgConnection::idle(TimePoint deadline) {
    const Ready ready = co_await wait(false, deadline);
    if (ready == Ready::stopped) co_return Error{"stopped"};
    if (ready == Ready::deadline) co_return Result<void>();
    if (::PQconsumeInput(connection_.get()) != 1) co_return Error{message()};
    // Lets libpq look at what came, for example the reason of a shutdown.
    if (::PQisBusy(connection_.get()) == 0 && ::PQstatus(connection_.get()) == CONNECTION_BAD)
        co_return Error{message()};
    co_return Result<void>();
}

}  // namespace pgsteer::probe
