#include "probe/role_query.h"

#include <array>
#include <charconv>
#include <regex>

namespace pgsteer::probe {
namespace {

using health::Doubt;
using health::NodeState;
using health::Role;

std::string_view field(const PGresult* row, int column) {
    return ::PQgetvalue(row, 0, column);
}

template <class Number>
std::optional<Number> number(std::string_view text, int base = 10) {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (text.empty() || error != std::errc()) return std::nullopt;
    return value;
}

// A number, or the name of a WAL file, which begins with it in hexadecimal (xlog_internal.h).
std::optional<pgwire::Timeline> timeline(const PGresult* row, int column) {
    constexpr std::size_t wal_file_name_size = 24;
    constexpr std::size_t hexadecimal_size = 8;
    const std::string_view text = field(row, column);
    const bool is_name = text.size() == wal_file_name_size;
    const auto value = is_name ? number<std::uint32_t>(text.substr(0, hexadecimal_size), 16)
                               : number<std::uint32_t>(text);
    if (!value || *value == 0) return std::nullopt;
    return pgwire::Timeline{*value};
}

// A class of SQLSTATE, or one of them, and what it tells (PostgreSQL 15 manual, appendix A).
struct StateRow {
    std::string_view sqlstate;
    Doubt doubt;
};
constexpr std::array state_rows{
    StateRow{"57P01", Doubt::gone},  // admin_shutdown
    StateRow{"57P02", Doubt::gone},  // crash_shutdown
    StateRow{"57P03", Doubt::gone},  // cannot_connect_now: starting up, in recovery, shutting down
    StateRow{"57014", Doubt::silent},  // query_canceled, by statement_timeout
};

}  // namespace

const char* const role_query = "select pg_catalog.pg_is_in_recovery()";

// The timeline of a primary is in the name of its WAL file: the control file knows a new one only
// after the first checkpoint. A standby's is what it receives; without a receiver, what the control
// file knows, which may be one too old; with a receiver that this user may not look into, unknown.
// All functions are open to every user unless an administrator revoked them; CASE keeps each from
// being called in the state where it fails.
const char* const full_query =
    "select q.r,"
    " case when q.r then case when w.pid is null then (select greatest(c.timeline_id,"
    " k.min_recovery_end_timeline) from pg_catalog.pg_control_checkpoint() c,"
    " pg_catalog.pg_control_recovery() k) else w.received_tli end::pg_catalog.text"
    " else pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()) end,"
    " case when q.r then pg_catalog.pg_last_wal_replay_lsn()"
    " else pg_catalog.pg_current_wal_lsn() end,"
    " s.system_identifier::pg_catalog.text,"
    " case when q.r then pg_catalog.pg_last_wal_receive_lsn() end,"
    " case when q.r then case"
    " when pg_catalog.pg_last_wal_receive_lsn() <= pg_catalog.pg_last_wal_replay_lsn() then 0"
    " else (extract(epoch from pg_catalog.clock_timestamp()"
    " - pg_catalog.pg_last_xact_replay_timestamp()) * 1000)::pg_catalog.int8 end end,"
    " case when q.r then w.pid is not null end,"
    " pg_catalog.current_setting('default_transaction_read_only')"
    " from (select pg_catalog.pg_is_in_recovery() as r) q"
    " cross join pg_catalog.pg_control_system() s"
    " left join pg_catalog.pg_stat_wal_receiver w on true";

const char* const primary_query =
    "select pg_catalog.pg_is_in_recovery(),"
    " case when not pg_catalog.pg_is_in_recovery()"
    " then pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()) end,"
    " case when not pg_catalog.pg_is_in_recovery() then pg_catalog.pg_current_wal_lsn() end,"
    " (pg_catalog.pg_control_system()).system_identifier, null, null, null,"
    " pg_catalog.current_setting('default_transaction_read_only')";

const char* const data_directory_query =
    "select setting from pg_catalog.pg_settings where name = 'data_directory'";

Role read_role(const PGresult* row) {
    return field(row, 0) == "t" ? Role::standby : Role::primary;
}

NodeState read_node(const PGresult* row) {
    NodeState node;
    node.doubt = Doubt::none;
    node.role = read_role(row);
    if (::PQnfields(row) < 8) return node;
    node.timeline = timeline(row, 1);
    node.lsn = pgwire::parse_lsn(field(row, 2));
    if (const auto system = number<std::uint64_t>(field(row, 3)))
        node.system = pgwire::SystemId{*system};
    node.received = pgwire::parse_lsn(field(row, 4));
    // A standby whose clock is behind its primary's would have a delay below 0.
    if (const auto delay = number<std::int64_t>(field(row, 5)))
        node.replay_delay = milliseconds(std::max<std::int64_t>(*delay, 0));
    if (node.role == Role::standby) node.streaming = field(row, 6) == "t";
    node.read_only = field(row, 7) == "on";
    return node;
}

PgError read_error(const char* text) {
    PgError error;
    error.text = text != nullptr ? text : "";
    error.text = error.text.substr(0, error.text.find('\n'));
    while (!error.text.empty() && error.text.back() == ' ')
        error.text.pop_back();
    // "... FATAL:  57P03: the database system is starting up"; the first word may be translated.
    static const std::regex with_state("(: {1,2})([0-9A-Z]{5}): ");
    std::smatch found;
    if (std::regex_search(error.text, found, with_state)) {
        error.sqlstate = found[2];
        error.text.replace(static_cast<std::size_t>(found.position(0)),
                           static_cast<std::size_t>(found.length(0)), found[1]);
    }
    if (error.text.empty()) error.text = "the connection failed";
    return error;
}

Doubt doubt_of(const PgError& error) {
    for (const StateRow& row : state_rows)
        if (row.sqlstate == error.sqlstate) return row.doubt;
    if (!error.sqlstate.empty()) return Doubt::refused;
    // Without a locale libpq uses the C library's English words; it keeps no errno.
    for (const std::string_view words : {"Connection refused", "No such file or directory",
                                         "closed the connection", "Connection reset"})
        if (error.text.find(words) != std::string::npos) return Doubt::gone;
    return Doubt::silent;
}

bool lacks_permission_or_function(std::string_view sqlstate) {
    return sqlstate == "42501" || sqlstate == "42883" || sqlstate == "42P01" || sqlstate == "42703";
}

bool has_no_such_statement(std::string_view sqlstate) {
    return sqlstate == "26000" || sqlstate == "42P05";
}

}  // namespace pgsteer::probe
