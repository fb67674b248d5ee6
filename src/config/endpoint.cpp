#include <cstring>

#include "config/keywords.h"

namespace pgsteer::config {
namespace {

Result<Endpoint> unix_endpoint(Result<Address> address, const std::string& text) {
    if (!address) return Error{"'" + text + "': " + address.error().text};
    Endpoint endpoint;
    endpoint.host = address->host();
    endpoint.unix_socket = *address;
    return endpoint;
}

// HAProxy fills the name up with zeros to the end of the address; who uses the bare name, as
// PostgreSQL does, is at another address, which newer HAProxys call abnsz@.
Result<Address> padded(Result<Address> address) {
    if (!address) return address;
    sockaddr_un whole{};
    std::memcpy(&whole, address->get(), address->length());
    return Address::from_sockaddr(reinterpret_cast<const sockaddr*>(&whole), sizeof whole);
}

}  // namespace

std::string Endpoint::text() const {
    if (unix_socket) return unix_socket->text();
    const bool brackets = host.find(':') != std::string::npos;
    return (brackets ? "[" + host + "]" : host) + ":" + std::to_string(number(port));
}

Result<Endpoint> parse_endpoint(const std::string& text) {
    if (text.empty()) return Error{"empty address"};
    if (text[0] == '/') return unix_endpoint(Address::unix_path(text), text);
    if (text.starts_with("unix@") || text.starts_with("uxst@"))
        return unix_endpoint(Address::unix_path(std::string_view(text).substr(5)), text);
    if (text.starts_with("abns@"))
        return unix_endpoint(padded(Address::unix_abstract(std::string_view(text).substr(5))),
                             text);
    if (text.starts_with("abnsz@"))
        return unix_endpoint(Address::unix_abstract(std::string_view(text).substr(6)), text);
    std::string rest = text;
    for (const std::string_view prefix : {"ipv4@", "ipv6@", "tcp@", "tcp4@", "tcp6@"})
        if (text.starts_with(prefix)) rest.erase(0, prefix.size());
    if (const auto at = rest.find('@'); at != std::string::npos)
        return Error{"'" + text + "': addresses of the kind '" + rest.substr(0, at + 1) +
                     "' are not supported"};
    Endpoint endpoint;
    std::string port;
    const auto bracket = rest.starts_with('[') ? rest.find(']') : std::string::npos;
    const auto colon = rest.rfind(':');
    if (bracket != std::string::npos) {
        endpoint.host = rest.substr(1, bracket - 1);
        if (bracket + 1 < rest.size()) {
            if (rest[bracket + 1] != ':') return Error{"'" + text + "' is not [ADDRESS]:PORT"};
            port = rest.substr(bracket + 2);
        }
    } else if (colon == std::string::npos) {
        endpoint.host = rest;
    } else {  // as HAProxy: the last colon starts the port, even of a bare IPv6 address
        endpoint.host = rest.substr(0, colon);
        port = rest.substr(colon + 1);
    }
    if (port.empty()) return endpoint;
    if (port[0] == '+' || (port[0] == '-' && port.size() > 1))
        return Error{"'" + text + "': ports relative to the client's are not supported"};
    if (port.find('-') != std::string::npos)
        return Error{"'" + text + "': port range not permitted here"};
    auto value = parse_integer(port, 1, 65535);
    if (!value) return Error{"'" + text + "': port: " + value.error().text};
    endpoint.port = Port{static_cast<std::uint16_t>(*value)};
    return endpoint;
}

}  // namespace pgsteer::config
