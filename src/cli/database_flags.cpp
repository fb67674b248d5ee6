#include "cli/database_flags.h"

#include <fmt/format.h>

#include <cstdlib>

#include "base/units.h"
#include "probe/conninfo.h"

namespace pgsteer::cli {

void add_database_flags(CLI::App& app, DatabaseFlags& flags) {
    app.add_option("--conninfo", flags.conninfo,
                   "libpq connection string or URI, without a password\n"
                   "(default: dbname=postgres user=postgres at libpq's usual place;\n"
                   "PGHOST, PGPORT, PGUSER, PGDATABASE, PGPASSFILE count)");
    app.add_option("--timeout", flags.timeout,
                   "longest wait for PostgreSQL, to connect and for each answer")
        ->capture_default_str();
}

Result<std::string> checked_conninfo(const DatabaseFlags& flags) {
    if (flags.conninfo.empty()) {
        std::string conninfo;
        if (std::getenv("PGDATABASE") == nullptr) conninfo += "dbname=postgres ";
        if (std::getenv("PGUSER") == nullptr) conninfo += "user=postgres";
        return {boost::system::in_place_value, conninfo};
    }
    const auto parsed = probe::read_conninfo(flags.conninfo);
    if (!parsed) return Error{"--conninfo: " + parsed.error().text};
    if (parsed->has_password)
        return Error{
            "--conninfo holds a password, which every user of this machine can read in the list "
            "of processes; put it into a file and say passfile=FILE there, or set PGPASSFILE"};
    return {boost::system::in_place_value, flags.conninfo};
}

Result<milliseconds> checked_time(const std::string& flag, const std::string& text,
                                  milliseconds least) {
    const auto time = parse_time(text);
    if (!time) return Error{fmt::format("{} '{}': {}", flag, text, time.error().text)};
    if (*time < least)
        return Error{fmt::format("{} '{}': the least is {}", flag, text, format_time(least))};
    return *time;
}

}  // namespace pgsteer::cli
