// Resolvers: a `resolvers` section as values: whom to ask what names stand for, how often, and how
// long an answer holds. Part of Config; immutable after the load.
#pragma once

#include <string>
#include <vector>

#include "base/address.h"
#include "base/clock.h"
#include "config/location.h"

namespace pgsteer::config {

struct Nameserver {
    std::string name;
    Address address;
    bool tcp = false;
    Location at;
};

struct Resolvers {
    std::string name;
    std::vector<Nameserver> nameservers;
    bool system_file = false;  // parse-resolv-conf: those of /etc/resolv.conf, too
    // HAProxy's defaults (resolvers.c).
    milliseconds resolve{1000};
    milliseconds retry{1000};
    std::uint32_t tries = 3;  // resolve_retries
    std::uint32_t payload = 512;
    // For how long an answer stands while the questions after it end so.
    milliseconds hold_nx{30'000};
    milliseconds hold_refused{30'000};
    milliseconds hold_timeout{30'000};
    milliseconds hold_other{30'000};
    milliseconds hold_obsolete{0};  // what newer answers leave out
    Location at;
};

}  // namespace pgsteer::config
