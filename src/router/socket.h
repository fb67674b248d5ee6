// One address to one bound, listening, non-blocking stream socket. Used by router/listen, at
// start, before privileges are dropped, and at a reload; and by the master.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/address.h"
#include "base/fd.h"
#include "base/result.h"
#include "config/config.h"

namespace pgsteer::router {

struct SocketOptions {
    // Several sockets of this process (a worker each) share the port.
    bool share_port = false;
    // -sf, -st: the router that is being replaced still listens there.
    bool replacing = false;
};

Result<UniqueFd> open_socket(const Address& address, const config::Bind& bind,
                             const SocketOptions& options);
// Of a path that is there already: its mode, owner and group as the line says, where they are
// otherwise. Not for what the line does not name.
Result<void> set_rights(const Address& address, const config::Bind& bind);
// Error "cannot bind 127.0.0.1:5000: Address already in use" when somebody listens there, even with
// SO_REUSEPORT, with which two routers of one user would share a port without a word.
Result<void> port_is_free(const Address& address, const config::Bind& bind);
// fd@N: takes the descriptor over. Error: it is not a listening stream socket.
Result<UniqueFd> inherited_socket(int number);

// TCP options for the sessions, set on their listener: Linux lets accepted sockets inherit them
// (sk_clone_lock copies the listener's), which saves each session the calls.
void set_session_options(int listener, const config::Bind& bind,
                         const config::KeepaliveOptions& keepalive);

// A unix path this process made, known by its inode: a successor may have put its own there.
struct OwnedPath {
    std::string path;
    dev_t device = 0;
    ino_t inode = 0;
};
// Empty path for IP addresses and abstract names.
OwnedPath owned_path(const Address& address);
// Removes those still ours; after a change of user that may not be permitted, and a stale socket is
// taken over by the next start anyway.
void remove_paths(const std::vector<OwnedPath>& paths);

}  // namespace pgsteer::router
