// What an operator said of one server or frontend, beside the file and beside what checks find: an
// axis of the verdict. Plain values: they are copied over a reload by the names of backend and
// server. Given to Cluster::administer() on the control thread; nobody else changes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/address.h"

namespace pgsteer::health {

enum class AdminMode : std::uint8_t { ready, drain, maintenance };

struct AdminState {
    std::optional<AdminMode> mode;         // none: as the file says (`disabled`)
    std::optional<std::uint32_t> weight;   // 0..256; none: the file's or its agent's
    std::optional<std::uint32_t> maxconn;  // 0: no limit
    std::optional<Address> address;        // instead of what its name stands for
    std::optional<std::string> fqdn;       // another name
    std::optional<Port> port;              // another port, where the address stays
    std::optional<std::string> check_address;
    std::optional<Port> check_port;
    std::optional<std::string> agent_address;
    std::optional<Port> agent_port;
    std::optional<std::string> agent_send;
    bool checks_paused = false;  // `disable health`: its verdict stays what it is
    bool agent_paused = false;   // `disable agent`
    friend bool operator==(const AdminState&, const AdminState&) = default;
};

// What a verdict or an agent is made to say until it says something else by itself.
enum class ForcedHealth : std::uint8_t { up, stopping, down };

struct FrontendAdmin {
    enum class Mode : std::uint8_t { open, paused, stopped };
    Mode mode = Mode::open;
    std::optional<std::uint32_t> maxconn;  // 0: no limit of its own
    friend bool operator==(const FrontendAdmin&, const FrontendAdmin&) = default;
};

}  // namespace pgsteer::health
