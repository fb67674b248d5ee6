// Fetches about the client: where it comes from, its first bytes; and constants.
#include <unistd.h>

#include <array>

#include "pgwire/client_hello.h"
#include "routing/fetch_values.h"

namespace pgsteer::routing {
namespace {

using pgwire::ClientHello;

Sampled address(const Address& which) {
    if (!which.is_ip()) return {};
    return {Value(which), false};
}

Sampled port(const Address& which) {
    if (!which.is_ip()) return {};
    return integer(std::int64_t{number(which.port())});
}

// Its own addresses are told by the kernel: a socket can be bound to no other.
Sampled is_local(const Address& which) {
    if (!which.is_ip()) return {};
    const int fd = ::socket(which.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return {};
    const Address any_port = which.with_port(Port{0});
    const bool bound = ::bind(fd, any_port.get(), any_port.length()) == 0;
    ::close(fd);
    return truth(bound);
}

Sampled payload(const Facts& facts, const Arguments& arguments) {
    const auto offset = static_cast<std::size_t>(arguments.numbers[0]);
    const auto length = static_cast<std::size_t>(arguments.numbers[1]);
    const std::size_t here = facts.bytes.size();
    if (offset > here || offset + length > here || (length == 0 && here == 0)) return {{}, true};
    const auto piece = facts.bytes.subspan(offset, length == 0 ? here - offset : length);
    return {Value(std::string_view(reinterpret_cast<const char*>(piece.data()), piece.size())),
            length == 0};
}

Sampled hello_type(const Facts& facts, const Arguments&) {
    const ClientHello hello = pgwire::read_client_hello(facts.bytes);
    if (hello.found == ClientHello::Found::incomplete) return {{}, true};
    // HAProxy gives 0 for what is no handshake.
    return integer(std::int64_t{hello.found == ClientHello::Found::yes ? hello.type : 0});
}

Sampled hello_version(const Facts& facts, const Arguments&) {
    const ClientHello hello = pgwire::read_client_hello(facts.bytes);
    if (hello.found == ClientHello::Found::incomplete) return {{}, true};
    if (hello.found == ClientHello::Found::no) return {};
    return integer(std::int64_t{hello.major} * 65536 + hello.minor);
}

Sampled hello_name(const Facts& facts, const Arguments&) {
    const ClientHello hello = pgwire::read_client_hello(facts.bytes);
    if (hello.found == ClientHello::Found::incomplete) return {{}, true};
    return hello.server_name ? text(*hello.server_name) : Sampled{};
}

Sampled captured(const Facts& facts, const Arguments& arguments) {
    const auto place = static_cast<std::size_t>(arguments.numbers[0]);
    if (place >= facts.captured.size() || facts.captured[place].empty()) return {};
    return text(facts.captured[place]);
}

Sampled random_number(const Facts& facts, const Arguments& arguments) {
    if (arguments.numbers.empty() || arguments.numbers[0] == 0)
        return integer(std::uint64_t{facts.random});
    const auto below = static_cast<std::uint64_t>(arguments.numbers[0]);
    return integer(std::uint64_t{facts.random} * below >> 32);
}

Sampled always_false(const Facts&, const Arguments&) {
    return truth(false);
}

Sampled always_true(const Facts&, const Arguments&) {
    return truth(true);
}

Sampled constant_truth(const Facts&, const Arguments& arguments) {
    return truth(arguments.count != 0);
}

Sampled dst(const Facts& facts, const Arguments&) {
    return address(facts.destination);
}

Sampled dst_is_local(const Facts& facts, const Arguments&) {
    return is_local(facts.destination);
}

Sampled dst_port(const Facts& facts, const Arguments&) {
    return port(facts.destination);
}

Sampled env(const Facts&, const Arguments& arguments) {
    return arguments.count != 0 ? text(arguments.text) : Sampled{};
}

Sampled hostname(const Facts&, const Arguments& arguments) {
    return text(arguments.text);
}

Sampled constant_integer(const Facts&, const Arguments& arguments) {
    return integer(arguments.count);
}

Sampled constant_address(const Facts&, const Arguments& arguments) {
    return address(arguments.address);
}

Sampled req_len(const Facts& facts, const Arguments&) {
    return Sampled{Value(static_cast<std::int64_t>(facts.bytes.size())), true};
}

Sampled so_id(const Facts& facts, const Arguments&) {
    return integer(std::uint64_t{facts.listener_id});
}

Sampled so_name(const Facts& facts, const Arguments&) {
    return text(facts.listener_name);
}

Sampled ssl_fc(const Facts& facts, const Arguments&) {
    return truth(facts.over_tls);
}

Sampled ssl_fc_has_sni(const Facts& facts, const Arguments&) {
    return truth(!facts.tls_name.empty());
}

Sampled ssl_fc_sni(const Facts& facts, const Arguments&) {
    return facts.tls_name.empty() ? Sampled{} : text(facts.tls_name);
}

Sampled src(const Facts& facts, const Arguments&) {
    return address(facts.client);
}

Sampled src_is_local(const Facts& facts, const Arguments&) {
    return is_local(facts.client);
}

Sampled src_port(const Facts& facts, const Arguments&) {
    return port(facts.client);
}

Sampled constant_text(const Facts&, const Arguments& arguments) {
    return text(arguments.text);
}

Sampled wait_end(const Facts& facts, const Arguments&) {
    return facts.may_grow ? Sampled{{}, true} : truth(true);
}

constexpr std::array functions{
    FetchFunction{"always_false", always_false},
    FetchFunction{"always_true", always_true},
    FetchFunction{"bool", constant_truth},
    FetchFunction{"capture.req.hdr", captured},
    FetchFunction{"dst", dst},
    FetchFunction{"dst_is_local", dst_is_local},
    FetchFunction{"dst_port", dst_port},
    FetchFunction{"env", env},
    FetchFunction{"hostname", hostname},
    FetchFunction{"int", constant_integer},
    FetchFunction{"ipv4", constant_address},
    FetchFunction{"ipv6", constant_address},
    FetchFunction{"rand", random_number},
    FetchFunction{"req.len", req_len},
    FetchFunction{"req.payload", payload},
    FetchFunction{"req.ssl_hello_type", hello_type},
    FetchFunction{"req.ssl_sni", hello_name},
    FetchFunction{"req.ssl_ver", hello_version},
    FetchFunction{"so_id", so_id},
    FetchFunction{"so_name", so_name},
    FetchFunction{"src", src},
    FetchFunction{"src_is_local", src_is_local},
    FetchFunction{"src_port", src_port},
    FetchFunction{"ssl_fc", ssl_fc},
    FetchFunction{"ssl_fc_has_sni", ssl_fc_has_sni},
    FetchFunction{"ssl_fc_sni", ssl_fc_sni},
    FetchFunction{"str", constant_text},
    FetchFunction{"wait_end", wait_end},
};

}  // namespace

std::span<const FetchFunction> client_fetches() {
    return functions;
}

}  // namespace pgsteer::routing
