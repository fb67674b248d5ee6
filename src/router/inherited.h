// Inherited: what a master leaves to itself when it executes its binary anew, and to the workers it
// starts: descriptors that stay open over exec, and the words that say what they are, in
// environment variables. The words are made and read here; pure but for the functions about
// descriptors.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "router/listen.h"

namespace pgsteer::router {

// "PGSTEER_WORKER": the worker's end of its link.
inline constexpr const char* worker_variable = "PGSTEER_WORKER";
// "PGSTEER_SOCKETS": listening sockets, for both.
inline constexpr const char* sockets_variable = "PGSTEER_SOCKETS";
// "PGSTEER_MASTER": the rest of what a master knows.
inline constexpr const char* master_variable = "PGSTEER_MASTER";

struct WorkerRecord {
    pid_t pid = 0;
    int link = -1;
    std::int64_t started = 0;      // seconds of the wall clock
    std::uint32_t born_after = 0;  // reloads
    bool leaving = false;
    std::string version;
    friend bool operator==(const WorkerRecord&, const WorkerRecord&) = default;
};

// What the files say about the master itself.
struct MasterRules {
    bool outlives_worker = false;               // no-exit-on-failure
    std::optional<std::uint32_t> most_reloads;  // mworker-max-reloads
    friend bool operator==(const MasterRules&, const MasterRules&) = default;
};

struct MasterRecord {
    std::int64_t started = 0;
    std::uint32_t reloads = 0;
    std::uint32_t failed = 0;    // since the last that went well
    std::vector<int> listeners;  // of its CLI, in the order of its flags
    std::vector<WorkerRecord> workers;
    MasterRules rules;
    friend bool operator==(const MasterRecord&, const MasterRecord&) = default;
};

std::string pack(const MasterRecord& record);
// Nothing: these are not such words.
std::optional<MasterRecord> unpack_master(std::string_view words);

std::string pack(const std::vector<HeldSocket>& sockets);
// Those that are open and listen; close-on-exec again.
std::vector<HeldSocket> unpack_sockets(std::string_view words);

}  // namespace pgsteer::router
