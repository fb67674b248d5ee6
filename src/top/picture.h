// Picture: what a router said about itself, its nodes and its sessions at one moment, read from its
// runtime socket's answers. Owned by `pgsteer top`. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace pgsteer::top {

struct Node {
    std::string name, address, role, timeline, lag, state, why;
    bool fenced = false;
    std::vector<std::string> serves;
    std::uint64_t sessions = 0;
};

// A line of the statistics: a frontend, a backend or one server of a backend.
struct Row {
    enum class Kind : std::uint8_t { frontend, backend, server };
    Kind kind = Kind::server;
    std::string proxy, name, address, status, role, cause, check, weight, limit;
    bool fenced = false;
    std::uint64_t sessions = 0, most = 0, total = 0, rate = 0, waiting = 0;
    std::uint64_t bytes_in = 0, bytes_out = 0;
    double in_per_second = 0, out_per_second = 0;  // since the picture before

    std::string path() const { return proxy + "/" + name; }
};

struct Session {
    std::string id, client, frontend, backend, server, state;
    seconds age{0}, idle{0};
    std::uint64_t bytes_in = 0, bytes_out = 0;
};

struct Picture {
    std::string node, version, level;
    seconds uptime{0};
    std::uint64_t sessions = 0, most_sessions = 0, rate = 0, waiting = 0;
    bool whole = false;
    std::vector<Node> nodes;
    std::vector<Row> rows;  // in the order of the file
    std::vector<Session> lines;
    std::vector<std::string> events;                // oldest first
    std::optional<std::string> sessions_not_shown;  // why not
    std::optional<std::string> events_not_shown;

    bool may_act() const { return level == "admin"; }
};

// The commands whose answers make a picture; sessions only when they are looked at.
std::string question(bool with_sessions);

// Error: these are not a router's answers; says what was answered instead.
Result<Picture> read_picture(std::string_view answers, bool with_sessions);

// Fills the rates of `now`, which came `span` after `before`.
void set_rates(Picture& now, const Picture& before, Duration span);

// The answers to several commands of one line, each of which an empty line follows.
std::vector<std::string> split_answers(std::string_view text);

}  // namespace pgsteer::top
