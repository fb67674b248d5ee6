// Records: what the bytes of a name server's answer hold. Pure; bounded in what it takes.
#pragma once

#include <cstdint>
#include <span>

#include "dns/answer.h"
#include "dns/exchange.h"

namespace pgsteer::dns {

// So many records of one answer are looked at.
inline constexpr std::size_t most_records = 1024;

// `ares_status`: what c-ares says of the exchange. An answer without a record of the type is no
// valid one, as in HAProxy.
Answer read_answer(Type type, int ares_status, std::span<const std::uint8_t> bytes);

}  // namespace pgsteer::dns
