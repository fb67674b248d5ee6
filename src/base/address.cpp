#include "base/address.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>

namespace pgsteer {

Address::Address() : storage_{}, length_(sizeof(sa_family_t)) {
    std::memset(&storage_, 0, sizeof storage_);
}

Address Address::ipv4(std::uint32_t host_order, Port port) {
    Address address;
    address.storage_.v4.sin_family = AF_INET;
    address.storage_.v4.sin_addr.s_addr = htonl(host_order);
    address.storage_.v4.sin_port = htons(number(port));
    address.length_ = sizeof(sockaddr_in);
    return address;
}

Address Address::any_ipv4(Port port) {
    return ipv4(INADDR_ANY, port);
}

Address Address::any_ipv6(Port port) {
    Address address;
    address.storage_.v6.sin6_family = AF_INET6;
    address.storage_.v6.sin6_addr = in6addr_any;
    address.storage_.v6.sin6_port = htons(number(port));
    address.length_ = sizeof(sockaddr_in6);
    return address;
}

Result<Address> Address::unix_path(std::string_view path) {
    Address address;
    if (path.empty()) return Error{"a unix socket needs a path"};
    if (path.size() >= sizeof address.storage_.local.sun_path)
        return Error{fmt::format("unix socket path '{}' is longer than {} bytes", path,
                                 sizeof address.storage_.local.sun_path - 1)};
    address.storage_.local.sun_family = AF_UNIX;
    std::memcpy(address.storage_.local.sun_path, path.data(), path.size());
    address.length_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
    return address;
}

Result<Address> Address::unix_abstract(std::string_view name) {
    Address address;
    if (name.empty()) return Error{"an abstract unix socket needs a name"};
    if (name.size() >= sizeof address.storage_.local.sun_path)
        return Error{fmt::format("abstract socket name '{}' is longer than {} bytes", name,
                                 sizeof address.storage_.local.sun_path - 1)};
    address.storage_.local.sun_family = AF_UNIX;
    std::memcpy(address.storage_.local.sun_path + 1, name.data(), name.size());
    address.length_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    return address;
}

std::optional<Address> Address::from_literal(std::string_view ip, Port port) {
    if (ip.size() > 2 && ip.front() == '[' && ip.back() == ']') ip = ip.substr(1, ip.size() - 2);
    const std::string text(ip);
    Address address;
    if (::inet_pton(AF_INET, text.c_str(), &address.storage_.v4.sin_addr) == 1) {
        address.storage_.v4.sin_family = AF_INET;
        address.storage_.v4.sin_port = htons(number(port));
        address.length_ = sizeof(sockaddr_in);
        return address;
    }
    if (::inet_pton(AF_INET6, text.c_str(), &address.storage_.v6.sin6_addr) == 1) {
        address.storage_.v6.sin6_family = AF_INET6;
        address.storage_.v6.sin6_port = htons(number(port));
        address.length_ = sizeof(sockaddr_in6);
        return address;
    }
    return std::nullopt;
}

Address Address::from_sockaddr(const sockaddr* source, socklen_t length) {
    Address address;
    address.length_ = std::min<socklen_t>(length, sizeof address.storage_);
    std::memcpy(&address.storage_, source, address.length_);
    return address;
}

Address Address::local_of(int fd) {
    sockaddr_storage storage{};
    socklen_t length = sizeof storage;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &length) != 0) return {};
    return from_sockaddr(reinterpret_cast<sockaddr*>(&storage), length);
}

Address Address::peer_of(int fd) {
    sockaddr_storage storage{};
    socklen_t length = sizeof storage;
    if (::getpeername(fd, reinterpret_cast<sockaddr*>(&storage), &length) != 0) return {};
    return from_sockaddr(reinterpret_cast<sockaddr*>(&storage), length);
}

Port Address::port() const {
    if (family() == AF_INET) return Port{ntohs(storage_.v4.sin_port)};
    if (family() == AF_INET6) return Port{ntohs(storage_.v6.sin6_port)};
    return Port{0};
}

Address Address::with_port(Port port) const {
    Address copy = *this;
    if (family() == AF_INET) copy.storage_.v4.sin_port = htons(number(port));
    if (family() == AF_INET6) copy.storage_.v6.sin6_port = htons(number(port));
    return copy;
}

std::string Address::host() const {
    char text[INET6_ADDRSTRLEN] = "";
    switch (family()) {
        case AF_INET:
            ::inet_ntop(AF_INET, &storage_.v4.sin_addr, text, sizeof text);
            return text;
        case AF_INET6:
            ::inet_ntop(AF_INET6, &storage_.v6.sin6_addr, text, sizeof text);
            return text;
        case AF_UNIX: {
            constexpr std::size_t head = offsetof(sockaddr_un, sun_path);
            if (length_ <= head) return "unix";
            const char* const path = storage_.local.sun_path;
            if (path[0] == '\0') {
                std::string name(path + 1, length_ - head - 1);
                name.erase(name.find_last_not_of('\0') + 1);  // HAProxy's names are filled up
                return "@" + name;
            }
            return {path, ::strnlen(path, length_ - head)};
        }
        default:
            return "unknown";
    }
}

std::string Address::text() const {
    if (family() == AF_INET6) return fmt::format("[{}]:{}", host(), number(port()));
    if (family() == AF_INET) return fmt::format("{}:{}", host(), number(port()));
    return host();
}

bool operator==(const Address& a, const Address& b) {
    return (a <=> b) == 0;
}

std::strong_ordering operator<=>(const Address& a, const Address& b) {
    if (a.length_ != b.length_) return a.length_ <=> b.length_;
    return std::memcmp(&a.storage_, &b.storage_, a.length_) <=> 0;
}

Result<std::vector<Address>> resolve_host(const std::string& host, Port port) {
    if (const auto literal = Address::from_literal(host, port))
        return std::vector<Address>{*literal};
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    const int code = ::getaddrinfo(host.c_str(), nullptr, &hints, &list);
    if (code != 0) {
        const char* const why = code == EAI_SYSTEM ? ::strerror(errno) : ::gai_strerror(code);
        return Error{fmt::format("could not resolve address '{}': {}", host, why)};
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(list, &::freeaddrinfo);
    std::vector<Address> addresses;
    for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
        const Address address =
            Address::from_sockaddr(entry->ai_addr, entry->ai_addrlen).with_port(port);
        if (std::find(addresses.begin(), addresses.end(), address) == addresses.end())
            addresses.push_back(address);
    }
    if (addresses.empty()) return Error{fmt::format("'{}' has no address", host)};
    return addresses;
}

}  // namespace pgsteer
