// What must be known of a libpq connection string before libpq gets it. Pure but for the
// environment variables that libpq itself reads. Any thread.
#pragma once

#include <string>

#include "base/result.h"

namespace pgsteer::probe {

struct Conninfo {
    std::string text;           // as written
    std::string host;           // from the text, else PGHOST; empty: libpq's own default
    std::string hostaddr;       // from the text, else PGHOSTADDR
    std::string options;        // server options from the text, else PGOPTIONS
    bool has_password = false;  // in the text itself
};

// Keywords and values, or a postgresql:// URI. Error: libpq's words.
Result<Conninfo> read_conninfo(const std::string& text);

// libpq would look the host's name up by itself, and block the thread meanwhile. False for socket
// folders, literals and lists of hosts (a list is left to libpq: its rules for ports and order).
bool needs_resolving(const Conninfo& conninfo);

}  // namespace pgsteer::probe
