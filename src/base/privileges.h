// What a daemon does to itself at start: user and group, background, pid file, descriptor limit.
// Called once, from main, before any thread exists.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"

namespace pgsteer {

struct Identity {
    std::optional<std::string> user;              // name or number
    std::optional<std::string> group;             // name or number
    std::optional<std::string> root_folder = {};  // chroot
};

// Looks the names up, goes into the folder, drops to the identity (setgroups, setgid, setuid) and
// checks that root cannot be had back. No effect when none is given. Errors: unknown name, no such
// folder, not permitted.
Result<void> become(const Identity& identity);

// Forks into the background: the parent exits with 0 once the child is its own session with
// stdin, stdout and stderr on /dev/null.
Result<void> daemonise();

// Writes "PID\n". Error: names the file.
Result<void> write_pid_file(const std::string& path);

// Raises the soft limit of open descriptors to `wanted` (the hard one too when permitted);
// answers the limit in force.
std::size_t raise_descriptor_limit(std::size_t wanted);

// Usable cores of this process (its affinity mask), at least 1.
unsigned usable_cores();

}  // namespace pgsteer
