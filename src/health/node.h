// NodeState: what one PostgreSQL server is, as it said itself (through a role watcher, an agent or
// Patroni). Evidence of a probe and the electorate's vote; whether it may serve is decided in
// election and verdict. A value; control thread, and the agent's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "pgwire/lsn.h"

namespace pgsteer::health {

enum class Role : std::uint8_t { unknown, primary, standby };
std::string_view word(Role role);  // "primary", "standby", "unknown"

// Why a role is unknown; it decides what becomes of sessions.
enum class Doubt : std::uint8_t {
    none,     // the role is known
    gone,     // the server does not run: refused, closed, shutting down, starting up
    silent,   // it is there and does not answer
    refused,  // it answers, but not this question: a wrong password, no free connection
};
std::string_view word(Doubt doubt);  // "none", "gone", "silent", "refused"

struct NodeState {
    Role role = Role::unknown;
    Doubt doubt = Doubt::silent;
    std::string reason;  // of the doubt, in words; empty when the role is known
    // Of what a primary writes, of what a standby receives or last replayed. None: not permitted.
    std::optional<pgwire::Timeline> timeline;
    std::optional<pgwire::SystemId> system;
    std::optional<pgwire::Lsn> lsn;            // written (primary) or replayed (standby)
    std::optional<pgwire::Lsn> received;       // standby
    std::optional<milliseconds> replay_delay;  // standby: age of what was replayed last, 0: all is
    std::optional<bool> streaming;             // standby: it has a connection to its upstream
    bool read_only = false;                    // default_transaction_read_only
    friend bool operator==(const NodeState&, const NodeState&) = default;
};

// The same but for what moves all the time (positions, delays)?
bool same_standing(const NodeState& a, const NodeState& b);

}  // namespace pgsteer::health
