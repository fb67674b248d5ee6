#include "routing/fetches.h"

#include "routing/fetch_values.h"

namespace pgsteer::routing {

Fetch find_fetch(std::string_view name) {
    for (const auto& table : {proxy_fetches(), client_fetches(), table_fetches()})
        for (const FetchFunction& row : table)
            if (row.name == name) return row.function;
    return nullptr;
}

}  // namespace pgsteer::routing
