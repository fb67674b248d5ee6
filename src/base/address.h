// Address is a socket address as a value: IPv4, IPv6 or unix (path or abstract). Any thread.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pgsteer {

// A TCP port; 0 means "not set" or, when binding, "any free one".
enum class Port : std::uint16_t {};
constexpr std::uint16_t number(Port port) {
    return static_cast<std::uint16_t>(port);
}

class Address {
  public:
    Address();  // family AF_UNSPEC

    static Address ipv4(std::uint32_t host_order, Port port);
    static Address any_ipv4(Port port);
    static Address any_ipv6(Port port);
    // Errors: longer than sun_path (107 bytes), empty.
    static Result<Address> unix_path(std::string_view path);
    static Result<Address> unix_abstract(std::string_view name);
    // Empty unless ip is a literal IPv4 or IPv6 address (brackets around IPv6 allowed).
    static std::optional<Address> from_literal(std::string_view ip, Port port);
    static Address from_sockaddr(const sockaddr* address, socklen_t length);
    // The socket's own or its peer's address; AF_UNSPEC when the kernel does not tell.
    static Address local_of(int fd);
    static Address peer_of(int fd);

    int family() const { return storage_.any.sa_family; }
    bool is_ip() const { return family() == AF_INET || family() == AF_INET6; }
    bool is_unix() const { return family() == AF_UNIX; }
    Port port() const;
    Address with_port(Port port) const;
    const sockaddr* get() const { return &storage_.any; }
    socklen_t length() const { return length_; }

    // "127.0.0.1", "::1", "/run/x.sock", "@name": without the port.
    std::string host() const;
    // "127.0.0.1:5432", "[::1]:5432", "/run/x.sock".
    std::string text() const;

    friend bool operator==(const Address& a, const Address& b);
    friend std::strong_ordering operator<=>(const Address& a, const Address& b);

  private:
    union {
        sockaddr any;
        sockaddr_in v4;
        sockaddr_in6 v6;
        sockaddr_un local;
    } storage_;
    socklen_t length_;
};

// All A and AAAA addresses of a host name or literal, in the system's order, without doubles.
// Blocks (getaddrinfo); a control-plane thread must not call it after start. Error: the resolver's
// words, naming the host.
Result<std::vector<Address>> resolve_host(const std::string& host, Port port);

}  // namespace pgsteer
