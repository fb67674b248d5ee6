// Outbound: where a connection to a server comes from, and how it introduces its client, as values;
// and the sockets made so. Any thread.
#pragma once

#include <cstdint>
#include <string>

#include "base/address.h"
#include "base/fd.h"

namespace pgsteer {

// `source` and `namespace`.
struct Origin {
    Address address;  // AF_UNSPEC: as the kernel chooses
    Port first{0};    // 0: as the kernel chooses
    Port last{0};     // of a range, taken in turn
    std::string interface;
    std::string network;  // a network namespace's name; empty: our own

    bool has_source() const { return address.is_ip() || !interface.empty(); }
    bool given() const { return has_source() || !network.empty(); }
    std::uint32_t ports() const {
        return 1U + static_cast<std::uint32_t>(number(last)) - number(first);
    }
    std::string text() const;  // as the file says it: "source 10.0.0.1:5000-5010 interface eth0"
    friend bool operator==(const Origin&, const Origin&) = default;
};

// `send-proxy` and its like: the PROXY header before a client's bytes.
struct Announcement {
    bool text = false;      // version 1
    bool binary = false;    // version 2, also where both are asked for
    bool checksum = false;  // of version 2
    bool tls = false;       // of version 2: says that the client spoke none to us
    bool any() const { return text || binary; }
    friend bool operator==(const Announcement&, const Announcement&) = default;
};

// Where ip(8) keeps the names of network namespaces.
std::string network_path(const std::string& network);

// A non-blocking stream socket in the origin's network and on its interface; none with errno.
UniqueFd open_socket(const Origin& origin, int family);
// Gives the socket the origin's address, and of its ports the one whose turn it is; false with
// errno. A unix socket has neither.
bool bind_socket(int fd, const Origin& origin, std::uint32_t turn);

// A range is searched for a free port this far: one that was taken 256 times is as good as full.
constexpr std::uint32_t most_ports_tried = 256;
// After this error another port of the range may do: it is in use, or was to the same server.
bool is_about_port(int error_number);

}  // namespace pgsteer
