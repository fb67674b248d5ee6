#include "cli/demo_sql.h"

#include <poll.h>

#include <optional>

namespace pgsteer::cli {
namespace {

constexpr int slice_ms = 20;  // how often a wait looks at its Patience

// Until the socket is ready for `events`.
Result<void> wait_for_socket(PGconn* connection, short events, const Patience& patience) {
    for (;;) {
        if (patience.stopped()) return Error{"stopped"};
        if (Clock::now() > patience.deadline) return Error{"no answer in time"};
        pollfd one{PQsocket(connection), events, 0};
        if (::poll(&one, 1, slice_ms) > 0) return {};
    }
}

}  // namespace

std::string conninfo(Port port) {
    return "host=127.0.0.1 port=" + std::to_string(number(port)) + " user=postgres dbname=postgres";
}

Result<Sql> Sql::connect(Port port, const Patience& patience) {
    Sql sql;
    sql.connection_.reset(PQconnectStart(conninfo(port).c_str()));
    PGconn* connection = sql.connection_.get();
    if (!connection) return Error{"out of memory"};
    for (auto next = PGRES_POLLING_WRITING; next != PGRES_POLLING_OK;
         next = PQconnectPoll(connection)) {
        if (PQstatus(connection) == CONNECTION_BAD || next == PGRES_POLLING_FAILED)
            return Error{PQerrorMessage(connection)};
        const short events = next == PGRES_POLLING_READING ? POLLIN : POLLOUT;
        if (auto ready = wait_for_socket(connection, events, patience); !ready)
            return ready.error();
    }
    return sql;
}

Result<std::string> Sql::value(const std::string& statement, const Patience& patience) {
    PGconn* connection = connection_.get();
    if (!PQsendQuery(connection, statement.c_str())) return Error{PQerrorMessage(connection)};
    std::string value;
    std::optional<Error> failure;
    for (;;) {
        while (PQisBusy(connection)) {
            if (auto ready = wait_for_socket(connection, POLLIN, patience); !ready)
                return ready.error();
            if (!PQconsumeInput(connection)) return Error{PQerrorMessage(connection)};
        }
        const std::unique_ptr<PGresult, decltype(&PQclear)> row(PQgetResult(connection), &PQclear);
        if (!row) break;
        const ExecStatusType status = PQresultStatus(row.get());
        if (status == PGRES_TUPLES_OK && PQntuples(row.get()) > 0)
            value = PQgetvalue(row.get(), 0, 0);
        else if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
            failure = Error{PQresultErrorMessage(row.get())};
    }
    if (failure) return *failure;
    return {boost::system::in_place_value, value};
}

Result<std::string> ask_once(Port port, const std::string& statement, const Patience& patience) {
    auto sql = Sql::connect(port, patience);
    if (!sql) return sql.error();
    return sql->value(statement, patience);
}

}  // namespace pgsteer::cli
