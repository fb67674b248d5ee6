// Naming: how the name of a server becomes addresses: by whom, which of them, and at start by what
// method. Part of Server.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/match.h"

namespace pgsteer::config {

// `init-addr`
struct InitAddress {
    enum class Method : std::uint8_t { last, libc, none, fixed };
    Method method = Method::libc;
    Address address = {};  // fixed
    friend bool operator==(const InitAddress&, const InitAddress&) = default;
};

struct Naming {
    std::string resolvers;  // section; empty: the system
    bool prefer_ipv4 = false;
    std::vector<Network> networks;  // resolve-net: these first
    bool repeat_addresses = false;  // resolve-opts allow-dup-ip
    bool ignore_weight = false;     // resolve-opts ignore-weight
    std::vector<InitAddress> init = {{InitAddress::Method::last}, {InitAddress::Method::libc}};
    // After resolve. Name servers are asked for `key`; servers of one backend with the same key
    // share what is found, each has one place of it.
    std::string key;         // "pg.x@dns"; empty: the host as it is, which the system resolves
    std::string place;       // "pg.x@dns#2", or the key when nobody shares it
    std::size_t number = 0;  // of the place, from 0
    bool shared = false;
};

// Does the host name a service, to be asked for with SRV?
inline bool is_service(std::string_view host) {
    return host.starts_with('_');
}

// What a server with this host is known by to who asks name servers.
inline std::string naming_key(const std::string& host, const Naming& naming) {
    if (naming.resolvers.empty()) return host;
    return host + "@" + naming.resolvers + (naming.prefer_ipv4 ? "/ipv4" : "");
}

}  // namespace pgsteer::config
