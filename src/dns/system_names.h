// SystemNames: how this machine finds names, as its files said at start: for a process that cannot
// read them any more (`chroot`). /etc/hosts and the name servers of /etc/resolv.conf; not what
// nsswitch.conf adds to them. Read once; immutable.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/resolvers.h"
#include "dns/answer.h"

namespace pgsteer::dns {

struct SystemNames {
    std::map<std::string, std::vector<Address>> hosts;  // in small letters, port 0
    std::vector<std::string> search;                    // domains, in resolv.conf's order
    unsigned dots = 1;          // a name with so many is asked as it is first
    config::Resolvers section;  // its name servers
};

// The texts of hosts(5) and resolv.conf(5).
SystemNames read_system_names(std::string_view hosts, std::string_view resolv_conf);
// The names to be asked for one after the other, as resolv.conf's `search` and `ndots` say.
std::vector<std::string> full_names(const SystemNames& system, const std::string& host);

// All addresses of both families, IPv4 first. `system` outlives the call.
boost::asio::awaitable<Answer> resolve(const SystemNames& system, std::string host);

}  // namespace pgsteer::dns
