// What stick rules make of the tables they use.
#include <algorithm>

#include "config/keywords.h"

namespace pgsteer::config {

// As HAProxy: a table that rules stick by keeps the server, and shows it.
void settle_tables(Config& config) {
    for (const Backend& backend : config.backends)
        for (const StickRule& rule : backend.sticks)
            for (StickTable& table : config.tables) {
                if (table.name != rule.table) continue;
                auto& columns = table.spec.columns;
                for (const Stored what : {Stored::server_id, Stored::server_key})
                    if (std::none_of(columns.begin(), columns.end(),
                                     [what](const auto& column) { return column.what == what; }))
                        columns.push_back({what});
                std::sort(columns.begin(), columns.end(),
                          [](const auto& a, const auto& b) { return a.what < b.what; });
            }
}

}  // namespace pgsteer::config
