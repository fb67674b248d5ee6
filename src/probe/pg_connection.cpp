#include "probe/pg_connection.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <string_view>
#include <utility>

#include "base/units.h"
#include "probe/conninfo.h"
#include "probe/role_query.h"

namespace pgsteer::probe {
namespace {

namespace asio = boost::asio;
using health::NodeState;
using health::Role;
using namespace asio::experimental::awaitable_operators;
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

// The first version that reports in_hot_standby by itself whenever it changes.
constexpr int reports_standby_from = 140000;

// Of the statement that a query is prepared as; none: it is not.
const char* name_of(const char* query) {
    if (query == full_query) return "pgsteer_full";
    return query == primary_query ? "pgsteer_primary" : nullptr;
}

void ignore_notice(void*, const PGresult*) {}  // libpq's own would write to stderr

PgFailure no_answer(milliseconds timeout) {
    return {health::Doubt::silent, "no answer within " + format_time(timeout)};
}

PgFailure was_stopped() {
    return {health::Doubt::silent, "stopped"};
}

// Ours, not the server's: no descriptor, no memory.
PgFailure own(std::string text) {
    return {health::Doubt::refused, std::move(text)};
}

}  // namespace

// What came between a question and its Sync.
struct PgConnection::Reply {
    PgResult row;
    std::optional<PgError> error;
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
    may_prepare_ = true;
    prepared_.clear();
    answered_ = Role::unknown;
}

PgFailure PgConnection::failure() const {
    const PgError error = read_error(::PQerrorMessage(connection_.get()));
    return {doubt_of(error), error.text};
}

std::optional<Address> PgConnection::peer() const {
    if (!connection_) return std::nullopt;
    const Address address = Address::peer_of(::PQsocket(connection_.get()));
    if (address.is_ip()) return address;
    // A unix server may be bound to a path that it saw from another folder: what we connected to.
    const auto path = Address::unix_path(std::string(::PQhost(connection_.get())) + "/.s.PGSQL." +
                                         ::PQport(connection_.get()));
    return path ? std::optional(*path) : std::nullopt;
}

bool PgConnection::watch_socket() {
    boost::system::error_code error;
    socket_.close(error);
    const int copy = ::fcntl(::PQsocket(connection_.get()), F_DUPFD_CLOEXEC, 0);
    if (copy < 0) return false;
    socket_.assign(asio::generic::stream_protocol(AF_UNSPEC, 0), copy, error);
    if (error) ::close(copy);
    return !error;
}

asio::awaitable<PgConnection::Ready> PgConnection::wait(bool for_writing, TimePoint deadline) {
    if (stopped_) co_return Ready::stopped;
    timer_.expires_at(deadline);
    const auto direction =
        for_writing ? asio::socket_base::wait_write : asio::socket_base::wait_read;
    const auto done =
        co_await (socket_.async_wait(direction, as_result) || timer_.async_wait(as_result));
    if (stopped_) co_return Ready::stopped;
    co_return done.index() == 0 ? Ready::yes : Ready::deadline;
}

asio::awaitable<void> PgConnection::pause(Duration span) {
    if (stopped_) co_return;
    timer_.expires_after(span);
    idling_ = true;
    co_await timer_.async_wait(as_result);
    idling_ = false;
}

// Asio looks names up on a thread of its own; libpq would block this one.
asio::awaitable<PgOutcome<std::vector<std::string>>> PgConnection::resolve(
    const std::string& host) {
    asio::ip::tcp::resolver resolver(socket_.get_executor());
    const auto [error, found] = co_await resolver.async_resolve(host, "", as_result);
    if (error)
        co_return own(fmt::format("could not resolve address '{}': {}", host, error.message()));
    std::vector<std::string> addresses;
    for (const auto& entry : found)
        addresses.push_back(entry.endpoint().address().to_string());
    co_return addresses;
}

PgOutcome<void> PgConnection::start(const PgParameters& parameters, const std::string& options,
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
    if (!connection_) return own("out of memory");
    // With the SQLSTATE, which tells a server that starts from one that wants another password.
    ::PQsetErrorVerbosity(connection_.get(), PQERRORS_VERBOSE);
    ::PQsetNoticeReceiver(connection_.get(), ignore_notice, nullptr);
    if (::PQstatus(connection_.get()) == CONNECTION_BAD) return failure();
    return {};
}

asio::awaitable<PgOutcome<void>> PgConnection::finish_start(const PgParameters& parameters,
                                                            TimePoint deadline) {
    PostgresPollingStatusType polling = PGRES_POLLING_WRITING;
    while (polling != PGRES_POLLING_OK) {
        if (polling == PGRES_POLLING_FAILED) co_return failure();
        if (!watch_socket()) co_return own(system_error("socket").text);
        const Ready ready = co_await wait(polling == PGRES_POLLING_WRITING, deadline);
        if (ready == Ready::stopped) co_return was_stopped();
        if (ready == Ready::deadline) co_return no_answer(parameters.timeout);
        polling = ::PQconnectPoll(connection_.get());
    }
    if (!watch_socket()) co_return own(system_error("socket").text);
    if (::PQsetnonblocking(connection_.get(), 1) != 0 ||
        ::PQenterPipelineMode(connection_.get()) != 1)
        co_return failure();
    co_return PgOutcome<void>();
}

asio::awaitable<PgOutcome<void>> PgConnection::open(const PgParameters& parameters) {
    close();
    const TimePoint deadline = after(Clock::now(), parameters.timeout);
    const auto conninfo = read_conninfo(parameters.conninfo);
    if (!conninfo) co_return own(conninfo.error().text);
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
    if (stopped_) co_return was_stopped();
    const std::string options =
        fmt::format("{} -c statement_timeout={}", conninfo->options, parameters.timeout.count());
    const auto started = start(parameters, options, hosts, hostaddr);
    if (!started) co_return started.error();
    const auto finished = co_await finish_start(parameters, deadline);
    co_return finished;
}

asio::awaitable<PgOutcome<void>> PgConnection::flush(TimePoint deadline) {
    for (;;) {
        const int left = ::PQflush(connection_.get());
        if (left < 0) co_return failure();
        if (left == 0) co_return PgOutcome<void>();
        const Ready ready = co_await wait(true, deadline);
        if (ready == Ready::stopped) co_return was_stopped();
        if (ready == Ready::deadline) co_return PgFailure{health::Doubt::silent, {}};
        if (::PQconsumeInput(connection_.get()) != 1) co_return failure();
    }
}

// Reads results up to the Sync. An empty error text means: the deadline passed.
asio::awaitable<PgOutcome<void>> PgConnection::collect(Reply& reply, TimePoint deadline) {
    PGconn* const connection = connection_.get();
    for (;;) {
        while (::PQisBusy(connection) == 1) {
            const Ready ready = co_await wait(false, deadline);
            if (ready == Ready::stopped) co_return was_stopped();
            if (ready == Ready::deadline) co_return PgFailure{health::Doubt::silent, {}};
            if (::PQconsumeInput(connection) != 1) co_return failure();
        }
        PgResult result(::PQgetResult(connection));
        if (::PQstatus(connection) == CONNECTION_BAD) co_return failure();
        if (!result) continue;  // between two results of a pipeline
        const ExecStatusType status = ::PQresultStatus(result.get());
        if (status == PGRES_PIPELINE_SYNC) co_return PgOutcome<void>();
        if (status == PGRES_TUPLES_OK && ::PQntuples(result.get()) == 1) {
            reply.row = std::move(result);
        } else if (status == PGRES_FATAL_ERROR) {
            reply.error = read_error(::PQresultErrorMessage(result.get()));
        }
    }
}

bool PgConnection::is_prepared(const char* query) const {
    return std::find(prepared_.begin(), prepared_.end(), query) != prepared_.end();
}

// A full question is planned once a connection: planning it costs three times what answering does.
bool PgConnection::send_query(const char* query) {
    PGconn* const connection = connection_.get();
    const char* const name = name_of(query);
    if (name == nullptr || !may_prepare_)
        return ::PQsendQueryParams(connection, query, 0, nullptr, nullptr, nullptr, nullptr, 0) ==
               1;
    if (!is_prepared(query) && ::PQsendPrepare(connection, name, query, 0, nullptr) != 1)
        return false;
    return ::PQsendQueryPrepared(connection, name, 0, nullptr, nullptr, nullptr, 0) == 1;
}

asio::awaitable<PgOutcome<PgConnection::Reply>> PgConnection::round_trip(const char* query,
                                                                         TimePoint deadline) {
    PGconn* const connection = connection_.get();
    const TimePoint asked = Clock::now();
    if (!send_query(query)) co_return failure();
    if (::PQpipelineSync(connection) != 1) co_return failure();
    auto done = co_await flush(deadline);
    Reply reply;
    if (done) done = co_await collect(reply, deadline);
    if (done) co_return std::move(reply);
    if (done.error().text.empty())
        co_return no_answer(std::chrono::round<milliseconds>(deadline - asked));
    co_return done.error();
}

std::optional<Role> PgConnection::reported_role() const {
    if (!report_trusted_ || server_version() < reports_standby_from) return std::nullopt;
    const char* const value = ::PQparameterStatus(connection_.get(), "in_hot_standby");
    if (value == nullptr) return std::nullopt;
    return std::string_view(value) == "on" ? Role::standby : Role::primary;
}

// Without prepared statements when they get lost.
asio::awaitable<PgOutcome<PgConnection::Reply>> PgConnection::try_query(const char* query,
                                                                        TimePoint deadline) {
    auto reply = co_await round_trip(query, deadline);
    if (!reply) co_return reply.error();
    if (may_prepare_ && reply->error && has_no_such_statement(reply->error->sqlstate)) {
        may_prepare_ = false;
        co_return co_await round_trip(query, deadline);
    }
    if (!reply->error && name_of(query) != nullptr && !is_prepared(query))
        prepared_.push_back(query);
    co_return reply;
}

// The role alone where no more is permitted.
asio::awaitable<PgOutcome<PgConnection::Reply>> PgConnection::reply_to(PgQuestion question,
                                                                       TimePoint deadline) {
    if (question == PgQuestion::role || !full_permitted_)
        co_return co_await try_query(role_query, deadline);
    const bool of_primary = reported_role().value_or(answered_) == Role::primary;
    auto reply = co_await try_query(of_primary ? primary_query : full_query, deadline);
    if (of_primary && reply && reply->row && read_role(reply->row.get()) == Role::standby)
        reply = co_await try_query(full_query, deadline);
    if (!reply || !reply->error || !lacks_permission_or_function(reply->error->sqlstate))
        co_return reply;
    full_permitted_ = false;
    co_return co_await try_query(role_query, deadline);
}

asio::awaitable<PgOutcome<NodeState>> PgConnection::ask(PgQuestion question, TimePoint deadline) {
    const auto reply = co_await reply_to(question, deadline);
    if (!reply) co_return reply.error();
    if (reply->error) co_return PgFailure{doubt_of(*reply->error), reply->error->text};
    if (!reply->row) co_return own("the server answered without a row");
    const NodeState node = read_node(reply->row.get());
    answered_ = node.role;
    // A pooler in between may keep an old report: then only queries count from here on.
    if (const auto reported = reported_role(); reported && *reported != node.role)
        report_trusted_ = false;
    co_return node;
}

asio::awaitable<std::string> PgConnection::data_directory(TimePoint deadline) {
    const auto reply = co_await round_trip(data_directory_query, deadline);
    if (!reply || !reply->row) co_return std::string();
    co_return std::string(::PQgetvalue(reply->row.get(), 0, 0));
}

asio::awaitable<PgOutcome<void>> PgConnection::idle(TimePoint deadline) {
    idling_ = true;
    const Ready ready = co_await wait(false, deadline);
    idling_ = false;
    if (ready == Ready::stopped) co_return was_stopped();
    if (ready == Ready::deadline) co_return PgOutcome<void>();
    if (::PQconsumeInput(connection_.get()) != 1) co_return failure();
    // Lets libpq look at what came, for example the reason of a shutdown.
    if (::PQisBusy(connection_.get()) == 0 && ::PQstatus(connection_.get()) == CONNECTION_BAD)
        co_return failure();
    co_return PgOutcome<void>();
}

}  // namespace pgsteer::probe
