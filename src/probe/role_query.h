// What PostgreSQL is asked about its role, and how its answer and its errors read. Pure; the role
// watcher's thread.
#pragma once

#include <libpq-fe.h>

#include <memory>
#include <string>
#include <string_view>

#include "health/node.h"

namespace pgsteer::probe {

struct ClearResult {
    void operator()(PGresult* result) const { ::PQclear(result); }
};
using PgResult = std::unique_ptr<PGresult, ClearResult>;

// One column: is it in recovery? For servers before 14, which do not report it by themselves.
extern const char* const role_query;
// Everything of health::NodeState in one row. Works for every user; without pg_monitor a standby's
// received timeline stays unknown.
extern const char* const full_query;
// The same of a primary, without what only standbys have; of a standby little more than its role. A
// promotion makes PostgreSQL's sessions forget the catalogs: the first full_query then takes 2 ms
// to 4 ms, this one 0.5 ms (PostgreSQL 15).
extern const char* const primary_query;
// The data directory, for a user that may see it; else no row.
extern const char* const data_directory_query;

// A row of one of these.
health::Role read_role(const PGresult* row);
health::NodeState read_node(const PGresult* row);

// An error of libpq in one line, which never holds a password. `text` may be of PQERRORS_VERBOSE:
// its SQLSTATE is taken out.
struct PgError {
    std::string text;
    std::string sqlstate;  // empty when the server said none
};
PgError read_error(const char* text);

// What an error tells of the server.
health::Doubt doubt_of(const PgError& error);
bool lacks_permission_or_function(std::string_view sqlstate);
// The session behind a pooler is another one: a prepared statement is unknown there, or not ours.
bool has_no_such_statement(std::string_view sqlstate);

}  // namespace pgsteer::probe
