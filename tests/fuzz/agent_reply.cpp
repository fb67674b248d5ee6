// What an agent says of its server (`agent-check`): whatever it is, weights and limits stay in
// their ranges, and a reply that says nothing new changes nothing.
#include "health/agent_reply.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto reply = pgsteer::health::read_agent_reply(text);
    if (reply.weight_percent && *reply.weight_percent > 25'600) std::abort();
    if (reply.text.size() > size || reply.error.size() > size) std::abort();
    pgsteer::health::AgentOrders orders;
    orders.take(reply);
    const pgsteer::health::AgentOrders once = orders;
    orders.take(reply);
    if (!(orders == once)) std::abort();
    return 0;
}
