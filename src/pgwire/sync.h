// A bare Sync as bytes, and what came back for it. Pure.
// Source: PostgreSQL 15 manual, 55.2.3 "Extended Query" and 55.7 Sync, ReadyForQuery,
// ParameterStatus, ErrorResponse: a type, a 4-byte length in network order that counts itself, a
// body.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pgsteer::pgwire {

inline constexpr std::string_view sync_message("S\0\0\0\x04", 5);

enum class SyncAnswer : std::uint8_t {
    ready,      // nothing but "ready, in no transaction"
    told_more,  // whole messages, of which the last says ready
    error,      // an error: nothing more may come
    cut,        // none of these: a part, or more than was asked for
};
inline constexpr std::size_t ready_size = 6;

SyncAnswer read_sync_answer(std::string_view bytes);

}  // namespace pgsteer::pgwire
