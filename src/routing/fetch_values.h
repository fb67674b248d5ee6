// What fetches answer with, and the table of them in its two parts. Within routing/ only.
#pragma once

#include <span>

#include "routing/fetches.h"

namespace pgsteer::routing {

struct FetchFunction {
    std::string_view name;
    Fetch function;
};
std::span<const FetchFunction> proxy_fetches();   // about proxies and servers
std::span<const FetchFunction> table_fetches();   // about stick tables
std::span<const FetchFunction> client_fetches();  // about the client, and constants

inline Sampled integer(std::int64_t number) {
    return {Value(number), false};
}
inline Sampled integer(std::uint64_t number) {
    return {Value(static_cast<std::int64_t>(number)), false};
}
inline Sampled truth(bool is) {
    return {Value(is), false};
}
inline Sampled text(std::string_view words) {
    return {Value(words), false};
}

}  // namespace pgsteer::routing
