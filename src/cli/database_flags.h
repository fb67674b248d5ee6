// The flags by which `agent` and `check` say which server to ask and how long to wait.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace pgsteer::cli {

struct DatabaseFlags {
    std::string conninfo;  // empty: database and user postgres, where libpq finds the server
    std::string timeout = "1s";
};

void add_database_flags(CLI::App& app, DatabaseFlags& flags);

// The connection string to use. Error: not one, or it holds a password, which everybody on the
// machine could read in the list of processes.
Result<std::string> checked_conninfo(const DatabaseFlags& flags);

// "50ms", "1s"; a bare number is milliseconds. Error: names the flag.
Result<milliseconds> checked_time(const std::string& flag, const std::string& text,
                                  milliseconds least);

}  // namespace pgsteer::cli
