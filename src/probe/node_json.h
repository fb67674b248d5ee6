// What a node is, as JSON text: the agent's own form (in its header, its /status and its stream)
// and Patroni's. Pure; any thread.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "health/node.h"

namespace pgsteer::probe {

// {"role":"standby","doubt":"none","reason":"","timeline":4,"system":"7300...","lsn":"0/3000060",
// "received":"0/3000060","replay_delay_ms":0,"streaming":true,"read_only":false}; what is unknown
// is null. `system` is text: it does not fit into a double.
nlohmann::ordered_json node_json(const health::NodeState& node);
// On one line, for a header.
std::string node_text(const health::NodeState& node);

// Nothing when it is not such an object, or says a role that there is not.
std::optional<health::NodeState> read_node_text(std::string_view text);

// Patroni's answer to GET (its manual, "REST API"): {"state":"running","role":"replica",
// "timeline":4,"xlog":{...},"database_system_identifier":"7300..."}. Nothing when it is not one.
std::optional<health::NodeState> read_patroni(std::string_view body);

}  // namespace pgsteer::probe
