// Stick tables and the rules that use them, as values: `stick-table`, `stick on`, `stick match`,
// `stick store-request`. Immutable after resolve; any thread.
#pragma once

#include <string>

#include "base/stick.h"
#include "config/location.h"
#include "config/rules.h"

namespace pgsteer::config {

struct StickTable {
    std::string name;  // its section's
    TableSpec spec;
    Location at;
};

struct StickRule {
    bool matches = false;  // a client goes where its key's last one went
    bool stores = false;   // where it went is kept
    Sample key;
    std::string table;
    Condition condition;
    Location at;
};

}  // namespace pgsteer::config
