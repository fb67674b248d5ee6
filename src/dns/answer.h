// Answer: what name servers say of one name. A value; control thread.
#pragma once

#include <string>
#include <vector>

#include "base/address.h"

namespace pgsteer::dns {

enum class Status : std::uint8_t { valid, nx, refused, timeout, other };

// One record of an SRV answer.
struct Target {
    std::string host;
    Port port{0};
    std::uint16_t weight = 0;
    // Where it is. Another weight is no other target.
    friend bool operator==(const Target& a, const Target& b) {
        return a.host == b.host && a.port == b.port;
    }
};

struct Answer {
    Status status = Status::other;
    std::vector<Address> addresses;  // of A and AAAA, with port 0
    std::vector<Target> targets;     // of SRV
    std::string from;                // the name server's name
};

}  // namespace pgsteer::dns
