#include <grp.h>
#include <pwd.h>

#include "config/keywords.h"

namespace pgsteer::config {
namespace {

constexpr auto honoured = KeywordClass::honoured;

constexpr std::uint32_t most_id = 4'294'967'294;  // the last one means "none" (chown(2))

void mode(Line& line, Bind& bind, const std::string& text) {
    bind.mode = line.file_mode(text);
}

template <auto field>
void number_as(Line& line, Bind& bind, const std::string& text) {
    if (line.count(text, 0, most_id)) bind.*field = text;
}

void user(Line& line, Bind& bind, const std::string& text) {
    if (::getpwnam(text.c_str()) == nullptr)
        return line.alert("'user' : unknown user name '" + text + "'");
    bind.user = text;
}
void group(Line& line, Bind& bind, const std::string& text) {
    if (::getgrnam(text.c_str()) == nullptr)
        return line.alert("'group' : unknown group name '" + text + "'");
    bind.group = text;
}

void number_of(Line& line, Bind& bind, const std::string& text) {
    if (auto value = line.count(text, 1, 2'147'483'647)) bind.id = *value;
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

constexpr std::string_view accepts = "every relay thread accepts";
constexpr std::string_view no_levels = "answers come without a severity";

void level(Line& line, Bind& bind, const std::string& text) {
    if (text != "user" && text != "operator" && text != "admin")
        return line.alert("'level' expects 'user', 'operator' or 'admin' but got '" + text + "'");
    bind.level = text;
}

void expose_fd(Line& line, Bind& bind, const std::string& text) {
    if (text != "listeners")
        return line.alert("'expose-fd' expects 'listeners' but got '" + text + "'");
    bind.exposes_listeners = true;
}

constexpr OptionRow<Bind> options[] = {
    {"v4v6", 0, honoured, [](Line&, Bind& b, const std::string&) { b.v4v6 = true; },
     "IPv4 clients on an IPv6 address too"},
    {"v6only", 0, honoured, [](Line&, Bind& b, const std::string&) { b.v6only = true; },
     "IPv6 clients alone"},
    {"mode", 1, honoured, mode, "of a unix socket, octal"},
    {"user", 1, honoured, user, "owner of a unix socket"},
    {"group", 1, honoured, group, "group of a unix socket"},
    {"interface", 1, honoured, [](Line&, Bind& b, const std::string& text) { b.interface = text; },
     "the one network interface to listen on"},
    {"name", 1, honoured, [](Line&, Bind& b, const std::string& text) { b.name = text; },
     "name of the address in logs"},
    {"backlog", 1, honoured, backlog, "clients the kernel keeps until they are accepted"},
    {"maxconn", 1, honoured, maxconn, "sessions at once"},
    {"tcp-ut", 1, honoured, tcp_ut, "how long sent bytes may stay unconfirmed"},
    {"id", 1, honoured, number_of, "the listener's number, for so_id"},
    {"accept-proxy", 0, honoured, [](Line&, Bind& b, const std::string&) { b.accept_proxy = true; },
     "clients begin with a PROXY header, version 1 or 2, that says where they come from"},
    inert_option<Bind>("nice", 1, "all sessions weigh the same"),
    inert_option<Bind>("process", 1, "pgsteer is one process"),
    inert_option<Bind>("thread", 1, accepts),
    inert_option<Bind>("shards", 1, accepts),
    inert_option<Bind>("tfo", 0, "PostgreSQL clients do not use TCP fast open"),
    inert_option<Bind>("defer-accept", 0, "a session is accepted at once"),
    inert_option<Bind>("mss", 1, "the kernel chooses the segment size"),
    {"level", 1, honoured, level, "of a stats socket: user, operator or admin"},
    {"expose-fd", 1, honoured, expose_fd,
     "'listeners', of a stats socket: hands listening sockets to the next process (-x)"},
    inert_option<Bind>("severity-output", 1, no_levels),
    inert_option<Bind>("proto", 1, "PostgreSQL's protocol passes as it is"),
    inert_option<Bind>("quic-cc-algo", 1, "there is no HTTP to relay"),
    inert_option<Bind>("quic-force-retry", 0, "there is no HTTP to relay"),
    {"uid", 1, honoured, number_as<&Bind::user>, "owner of a unix socket, by number"},
    {"gid", 1, honoured, number_as<&Bind::group>, "group of a unix socket, by number"},
    refused_option<Bind>("accept-netscaler-cip", 1, "foreign headers are not read", "remove it"),
    refused_option<Bind>("transparent", 0, "foreign addresses are not taken", "remove it"),
    refused_option<Bind>("namespace", 1, "sockets are opened in pgsteer's own network namespace",
                         "start pgsteer in that namespace"),
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
    const bool ipv6 = text.starts_with("ipv6@") || text.starts_with("tcp6@");
    if (endpoint->host == "::" || (any && ipv6))
        bind.kind = Bind::Kind::any_ipv6;
    else if (any || endpoint->host == "0.0.0.0")
        bind.kind = Bind::Kind::any_ipv4;
    return true;
}

struct Ports {
    std::string before;  // the address up to the port
    std::uint32_t first = 0;
    std::uint32_t last = 0;
};

// "ADDRESS:LOW-HIGH"; nothing when there is no range. A range upside down has last < first.
std::optional<Ports> port_range(const std::string& text) {
    const auto colon = text.rfind(':');
    if (text.starts_with('/') || colon == std::string::npos) return std::nullopt;
    const auto dash = text.find('-', colon);
    if (dash == std::string::npos) return std::nullopt;
    const std::string_view all(text);
    auto first = parse_integer(all.substr(colon + 1, dash - colon - 1), 1, 65535);
    auto last = parse_integer(all.substr(dash + 1), 1, 65535);
    if (!first || !last) return std::nullopt;
    return Ports{text.substr(0, colon + 1), static_cast<std::uint32_t>(*first),
                 static_cast<std::uint32_t>(*last)};
}

void add_address(Line& line, const std::string& text, const Bind& options_only,
                 std::vector<Bind>& binds) {
    if (++line.draft.addresses > most_addresses) {
        if (line.draft.addresses == most_addresses + 1)
            line.alert("more than " + std::to_string(most_addresses) + " addresses to listen on");
        return;
    }
    Bind bind = options_only;
    if (set_address(line, text, bind)) binds.push_back(std::move(bind));
}

}  // namespace

std::vector<Bind> read_binds(Line& line, Words words) {
    std::vector<Bind> binds;
    if (words.empty()) {
        line.alert("needs [ADDRESS]:PORT[-LAST], /PATH or fd@N");
        return binds;
    }
    Bind options_only;
    options_only.at = line.at;
    static const OptionIndex<Bind> options(bind_options());
    read_options(line, options_only, words.subspan(1), options);
    const std::string addresses = expand_variables(words[0], line.environment);
    std::string_view rest = addresses;
    while (true) {
        const auto comma = rest.find(',');
        const std::string text(rest.substr(0, comma));
        const auto ports = port_range(text);
        if (!ports)
            add_address(line, text, options_only, binds);
        else if (ports->last < ports->first)
            line.alert("invalid port range in '" + text + "'");
        else
            for (auto port = ports->first; port <= ports->last; ++port)
                add_address(line, ports->before + std::to_string(port), options_only, binds);
        if (comma == std::string_view::npos) break;
        rest.remove_prefix(comma + 1);
    }
    return binds;
}

namespace {

// As in HAProxy, `unix-bind` counts for `bind` lines alone, and its prefix for no abstract name.
bool apply(const UnixBind& common, Line& line, Bind& bind) {
    if (bind.kind != Bind::Kind::unix_socket) return true;
    if (!bind.mode) bind.mode = common.mode;
    if (!bind.user) bind.user = common.user;
    if (!bind.group) bind.group = common.group;
    const std::string path = bind.endpoint.unix_socket->host();
    if (common.prefix.empty() || path.starts_with('@')) return true;
    const auto prefixed = Address::unix_path(common.prefix + path);
    if (prefixed)
        bind.endpoint.unix_socket = *prefixed;
    else
        line.alert("'" + common.prefix + path + "' : " + prefixed.error().text);
    return prefixed.has_value();
}

void bind_line(Line& line, Words words) {
    for (Bind& bind : read_binds(line, words))
        if (apply(line.draft.unix_bind, line, bind))
            line.proxy->front.binds.push_back(std::move(bind));
}

constexpr Row rows[] = {
    {"bind", in_frontend | in_listen, honoured, bind_line,
     "addresses to listen on, with options; see below"},
};

}  // namespace

std::span<const Row> bind_rows() {
    return rows;
}

std::span<const OptionRow<Bind>> bind_options() {
    static const std::vector<OptionRow<Bind>> all = [] {
        std::vector<OptionRow<Bind>> joined(std::begin(options), std::end(options));
        const auto later = bind_later_options();
        joined.insert(joined.end(), later.begin(), later.end());
        joined.insert(joined.end(), bind_tls_options().begin(), bind_tls_options().end());
        return joined;
    }();
    return all;
}

}  // namespace pgsteer::config
