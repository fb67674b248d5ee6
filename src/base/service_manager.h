// Tells systemd how the process is doing (sd_notify's protocol, systemd.service(5) Type=notify), as
// `haproxy -Ws` does: a unit file written for haproxy would otherwise kill a router that is well.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"

namespace pgsteer {

// `state` is "READY=1" or "STOPPING=1"; `socket` is $NOTIFY_SOCKET, empty when nobody asked. A
// failure is not told: the program does its work all the same.
void notify_manager(std::string_view socket, std::string_view state);

// The same socket, opened now: for a process that will not reach its path any more (`chroot`). Open
// as long as the process lives.
std::string held_manager(const std::string& socket);

// What to say before a reload (sd_notify(3), Type=notify-reload); "READY=1" ends it.
std::string reloading_state();

// Half of what the manager allows between two "WATCHDOG=1" ($WATCHDOG_USEC, $WATCHDOG_PID); 0 when
// it does not watch.
milliseconds watchdog_interval();

// The listening sockets it passed ($LISTEN_FDS, $LISTEN_PID; sd_listen_fds(3)), non-blocking and
// close-on-exec. Takes them once: the variables are unset.
std::vector<UniqueFd> passed_listeners();

}  // namespace pgsteer
