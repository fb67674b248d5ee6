#include <charconv>

#include "config/keywords.h"

namespace pgsteer::config {
namespace {

constexpr auto inert = KeywordClass::inert;
constexpr auto refused = KeywordClass::refused;
constexpr auto honoured = KeywordClass::honoured;

constexpr std::string_view no_tls = "pgsteer passes bytes through and ends no TLS itself";
constexpr std::string_view tls_at_postgres = "let PostgreSQL speak TLS; it passes unchanged";

void mode(Line& line, Bind& bind, const std::string& text) {
    unsigned value = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value, 8);
    if (failed != std::errc{} || end != text.data() + text.size() || value > 07777)
        line.alert("'" + text + "' is not an octal file mode");
    else
        bind.mode = value;
}

void backlog(Line& line, Bind& bind, const std::string& text) {
    if (auto value = line.count(text, 1, 1U << 30)) bind.backlog = static_cast<int>(*value);
}

void maxconn(Line& line, Bind& bind, const std::string& text) {
    if (auto value = line.count(text, 1, 2'000'000'000)) bind.maxconn = *value;
}

void tcp_ut(Line& line, Bind& bind, const std::string& text) {
    if (auto value = line.time(text)) bind.tcp_user_timeout = *value;
}

constexpr OptionRow<Bind> options[] = {
    {"v4v6", 0, honoured, [](Line&, Bind& b, const std::string&) { b.v4v6 = true; }},
    {"v6only", 0, honoured, [](Line&, Bind& b, const std::string&) { b.v6only = true; }},
    {"mode", 1, honoured, mode},
    {"user", 1, honoured, [](Line&, Bind& b, const std::string& text) { b.user = text; }},
    {"group", 1, honoured, [](Line&, Bind& b, const std::string& text) { b.group = text; }},
    {"interface", 1, honoured, [](Line&, Bind& b, const std::string& text) { b.interface = text; }},
    {"name", 1, honoured, [](Line&, Bind& b, const std::string& text) { b.name = text; }},
    {"backlog", 1, honoured, backlog},
    {"maxconn", 1, honoured, maxconn},
    {"tcp-ut", 1, honoured, tcp_ut},
    {"id", 1, inert, nullptr, "pgsteer goes by names"},
    {"nice", 1, inert, nullptr, "all sessions weigh the same"},
    {"process", 1, inert, nullptr, "pgsteer is one process"},
    {"thread", 1, inert, nullptr, "every relay thread accepts"},
    {"shards", 1, inert, nullptr, "every relay thread accepts"},
    {"tfo", 0, inert, nullptr, "PostgreSQL clients do not use TCP fast open"},
    {"defer-accept", 0, inert, nullptr, "a session is accepted at once"},
    {"mss", 1, inert, nullptr, "the kernel chooses the segment size"},
    {"level", 1, inert, nullptr, "there is no command socket"},
    {"uid", 1, refused, nullptr, "users are named", "use 'user NAME'"},
    {"gid", 1, refused, nullptr, "groups are named", "use 'group NAME'"},
    {"ssl", 0, refused, nullptr, no_tls, tls_at_postgres},
    {"crt", 1, refused, nullptr, no_tls, tls_at_postgres},
    {"ca-file", 1, refused, nullptr, no_tls, tls_at_postgres},
    {"accept-proxy", 0, refused, nullptr, "the PROXY protocol is not read", "remove it"},
    {"transparent", 0, refused, nullptr, "foreign addresses are not taken", "remove it"},
};

// Parses "fd@N"; nothing when N is not a descriptor.
std::optional<int> descriptor(const std::string& text) {
    auto value = parse_integer(std::string_view(text).substr(3), 0, 1 << 20);
    if (!value) return std::nullopt;
    return static_cast<int>(*value);
}

bool set_address(Line& line, const std::string& text, Bind& bind) {
    if (text.starts_with("fd@")) {
        bind.kind = Bind::Kind::descriptor;
        bind.descriptor = descriptor(text);
        if (!bind.descriptor)
            line.alert("'" + text + "' names no descriptor; is its environment variable set?");
        return bind.descriptor.has_value();
    }
    auto endpoint = parse_endpoint(text);
    if (!endpoint) {
        line.alert(endpoint.error().text);
        return false;
    }
    bind.endpoint = *endpoint;
    if (endpoint->unix_socket) {
        bind.kind = Bind::Kind::unix_socket;
        return true;
    }
    const bool any = endpoint->host.empty() || endpoint->host == "*";
    if (number(endpoint->port) == 0) {
        line.alert("missing port number: '" + text + "'");
        return false;
    }
    if (endpoint->host == "::" || (any && text.starts_with("ipv6@")))
        bind.kind = Bind::Kind::any_ipv6;
    else if (any || endpoint->host == "0.0.0.0")
        bind.kind = Bind::Kind::any_ipv4;
    return true;
}

void bind_line(Line& line, Words words) {
    if (words.empty()) return line.alert("needs [ADDRESS]:PORT, /PATH or fd@N");
    Bind options_only;
    options_only.at = line.at;
    read_options<Bind>(line, options_only, words.subspan(1), options);
    std::string_view rest = words[0];
    while (true) {
        const auto comma = rest.find(',');
        Bind bind = options_only;
        if (set_address(line, std::string(rest.substr(0, comma)), bind))
            line.proxy->front.binds.push_back(bind);
        if (comma == std::string_view::npos) break;
        rest.remove_prefix(comma + 1);
    }
}

constexpr Row rows[] = {
    {"bind", in_frontend | in_listen, honoured, bind_line, "an address to listen on"},
};

}  // namespace

std::span<const Row> bind_rows() {
    return rows;
}

}  // namespace pgsteer::config
