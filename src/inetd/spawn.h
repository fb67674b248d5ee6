// Starts a service's server as xinetd does: the socket is its stdin, stdout and stderr, nothing
// else is open, it leads a session of its own and is who and what the file says. Control thread.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "config/xinetd.h"

namespace pgsteer::inetd {

// Made once a service, so that a start costs no look-up and no allocation.
struct Program {
    std::string path;
    std::vector<std::string> arguments;    // with its name
    std::vector<std::string> environment;  // NAME=VALUE, without REMOTE_HOST
    std::vector<gid_t> groups;             // beside `gid`
};

// As the service says. `own` is our environment, NAME=VALUE.
Program make_program(const config::InetService& service, const std::vector<std::string>& own);

struct Child {
    pid_t pid = -1;
    UniqueFd pidfd;  // readable once it has ended
};

// `socket` is blocking; `remote_host` goes into its environment. Errors: fork, identity and exec,
// each by name. Waits for the exec, which takes a moment, not longer.
Result<Child> spawn(const config::InetService& service, const Program& program, int socket,
                    const std::string& remote_host);

}  // namespace pgsteer::inetd
