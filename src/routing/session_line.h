// SessionLine: one session as an operator may see it, and the way it is asked for: a page at a
// time, so that a worker is never long at it. Values; from a worker to the control thread.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/address.h"
#include "base/clock.h"
#include "routing/table.h"

namespace pgsteer::routing {

// Worker, slot and generation of a session: never used twice within a day.
enum class SessionId : std::uint64_t {};

struct SessionLine {
    enum class State : std::uint8_t {
        starting,
        waiting,
        connecting,
        relaying,
        closing,
        inspecting
    };
    SessionId id{};
    State state{};
    Address client;
    FrontendId frontend{};
    BackendId backend{};
    std::optional<ServerId> server;
    TimePoint accepted;
    TimePoint last_activity;
    std::uint64_t bytes_in = 0, bytes_out = 0;
    std::uint32_t retries = 0;
    int client_fd = -1, server_fd = -1;
};

struct SessionsAsked {
    std::uint32_t from = 0;        // slot to begin at
    std::optional<SessionId> end;  // no list: this session is to end
};

struct SessionsFound {
    std::vector<SessionLine> lines;
    std::optional<std::uint32_t> next;  // where the next page begins
    bool ended = false;                 // the session that was to end was there
};

// Lines of a page: some 50 microseconds of a worker's time.
inline constexpr std::size_t sessions_a_page = 512;

}  // namespace pgsteer::routing
