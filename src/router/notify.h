// Tells systemd how the process is doing (sd_notify's protocol, systemd.service(5) Type=notify), as
// `haproxy -Ws` does: a unit file written for haproxy would otherwise kill a router that is well.
#pragma once

#include <string_view>

namespace pgsteer::router {

// `state` is "READY=1" or "STOPPING=1"; `socket` is $NOTIFY_SOCKET, empty when nobody asked. A
// failure is not told: the router does its work all the same.
void notify_manager(std::string_view socket, std::string_view state);

}  // namespace pgsteer::router
