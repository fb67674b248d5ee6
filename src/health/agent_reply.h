// AgentReply: what an agent's line says (`agent-check`), as HAProxy's tcpcheck_agent_expect_reply
// reads it. And what all its lines so far make of a server: an axis of the verdict beside the
// checks. Pure; control thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pgsteer::health {

struct AgentReply {
    enum class Admin : std::uint8_t { ready, drain, maintenance };
    std::optional<Admin> admin;
    std::optional<bool> up;
    std::string health;                           // the word that said so: "up", "down" ...
    std::optional<std::uint32_t> weight_percent;  // of the weight in the file
    std::optional<std::uint32_t> maxconn;
    std::string text;   // what follows '#'
    std::string error;  // the first word that is none
};

AgentReply read_agent_reply(std::string_view line);

// What is not said again stays as it was.
struct AgentOrders {
    AgentReply::Admin admin = AgentReply::Admin::ready;
    bool down = false;
    std::string why;  // "via agent : down (disk full)"
    std::optional<std::uint32_t> weight_percent;
    std::optional<std::uint32_t> maxconn;

    void take(const AgentReply& reply);
    friend bool operator==(const AgentOrders&, const AgentOrders&) = default;
};

}  // namespace pgsteer::health
