// copy_stream PORT out|in MEGABYTES: COPY of rows of 1 KiB from or to the server at 127.0.0.1:PORT
// (user and database postgres), with as little work in the client as libpq allows. `in` fills the
// unlogged table copy_target, emptied first. Prints one JSON line with bytes and seconds.
#include <libpq-fe.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "loopback.h"

namespace {

constexpr int row_bytes = 1024;  // the newline counts

struct Finish {
    void operator()(PGconn* connection) const { PQfinish(connection); }
    void operator()(PGresult* result) const { PQclear(result); }
};
using Connection = std::unique_ptr<PGconn, Finish>;
using Answer = std::unique_ptr<PGresult, Finish>;

[[noreturn]] void refuse(PGconn* connection) {
    (void)std::fprintf(stderr, "%s", PQerrorMessage(connection));
    std::exit(1);
}

void run(PGconn* connection, const std::string& sql, ExecStatusType wanted) {
    const Answer answer(PQexec(connection, sql.c_str()));
    if (PQresultStatus(answer.get()) != wanted) refuse(connection);
}

void finish(PGconn* connection) {
    const Answer last(PQgetResult(connection));
    if (PQresultStatus(last.get()) != PGRES_COMMAND_OK) refuse(connection);
    while (Answer(PQgetResult(connection))) {
    }
}

long long copy_out(PGconn* connection, std::uint32_t megabytes) {
    run(connection,
        "COPY (SELECT repeat('x', " + std::to_string(row_bytes - 1) + ") FROM generate_series(1, " +
            std::to_string(megabytes * 1024) + ")) TO STDOUT",
        PGRES_COPY_OUT);
    long long bytes = 0;
    char* row = nullptr;
    for (int length; (length = PQgetCopyData(connection, &row, 0)) > 0; PQfreemem(row))
        bytes += length;
    finish(connection);
    return bytes;
}

long long copy_in(PGconn* connection, std::uint32_t megabytes) {
    std::string megabyte;
    for (int row = 0; row < 1024; ++row)
        megabyte += std::string(row_bytes - 1, 'x') + '\n';
    run(connection, "COPY copy_target FROM STDIN", PGRES_COPY_IN);
    for (std::uint32_t i = 0; i < megabytes; ++i) {
        if (PQputCopyData(connection, megabyte.data(), static_cast<int>(megabyte.size())) != 1)
            refuse(connection);
    }
    if (PQputCopyEnd(connection, nullptr) != 1) refuse(connection);
    finish(connection);
    return static_cast<long long>(megabyte.size()) * megabytes;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) return std::fputs("usage: copy_stream PORT out|in MEGABYTES\n", stderr), 2;
    const std::string conninfo = std::string("host=127.0.0.1 user=postgres dbname=postgres port=") +
                                 argv[1] + " sslmode=disable gssencmode=disable";
    const bool out = std::string_view(argv[2]) == "out";
    const std::uint32_t megabytes = pgsteer::bench::number_argument(argv[3]);
    const Connection connection(PQconnectdb(conninfo.c_str()));
    if (PQstatus(connection.get()) != CONNECTION_OK) refuse(connection.get());
    if (!out) run(connection.get(), "TRUNCATE copy_target", PGRES_COMMAND_OK);
    const auto began = std::chrono::steady_clock::now();
    const long long bytes =
        out ? copy_out(connection.get(), megabytes) : copy_in(connection.get(), megabytes);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    std::printf("{\"bytes\": %lld, \"seconds\": %.6f}\n", bytes, took.count());
}
