#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "agent/agent.h"
#include "base/address.h"
#include "base/units.h"

namespace pgsteer::agent {
namespace {

struct HostPort {
    std::string host;
    Port port{0};
};

Result<HostPort> split(const std::string& text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string::npos)
        return Error{fmt::format("'{}': a port is missing, as in 0.0.0.0:23267", text)};
    const auto port = parse_integer(text.substr(colon + 1), 0, 65535);
    if (!port) return Error{fmt::format("'{}': port: {}", text, port.error().text)};
    std::string host = text.substr(0, colon);
    if (host.empty() || host == "*") host = "0.0.0.0";
    if (host.size() > 2 && host.front() == '[' && host.back() == ']')
        host = host.substr(1, host.size() - 2);
    return HostPort{host, Port{static_cast<std::uint16_t>(*port)}};
}

}  // namespace

Result<UniqueFd> listen_on(const std::string& text) {
    const auto place = split(text);
    if (!place) return place.error();
    const auto addresses = resolve_host(place->host, place->port);
    if (!addresses) return addresses.error();
    const Address& address = addresses->front();
    const auto failure = [&] { return system_error("cannot listen on " + address.text()); };
    UniqueFd fd(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd) return failure();
    const int on = 1;
    if (::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) return failure();
    if (::bind(fd.get(), address.get(), address.length()) != 0) return failure();
    if (::listen(fd.get(), SOMAXCONN) != 0) return failure();
    return fd;
}

}  // namespace pgsteer::agent
