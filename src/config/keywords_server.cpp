#include "config/keywords.h"

namespace pgsteer::config {
namespace {

constexpr auto inert = KeywordClass::inert;
constexpr auto refused = KeywordClass::refused;
constexpr auto honoured = KeywordClass::honoured;
using Text = const std::string&;

constexpr std::string_view no_tls = "pgsteer passes bytes through and ends no TLS itself";
constexpr std::string_view tls_at_postgres = "let PostgreSQL speak TLS; it passes unchanged";

template <auto field>
void set_time(Line& line, Server& server, Text text) {
    if (auto value = line.time(text)) server.*field = *value;
}
template <auto field, std::uint32_t lowest, std::uint32_t highest>
void set_count(Line& line, Server& server, Text text) {
    if (auto value = line.count(text, lowest, highest)) server.*field = *value;
}
template <auto field, bool value>
void set_flag(Line&, Server& server, Text) {
    server.*field = value;
}

void inter(Line& line, Server& server, Text text) {
    const auto value = line.time(text);
    if (!value) return;
    if (value->count() == 0) return line.alert("must be above 0");
    server.inter = *value;
}

void check_port(Line& line, Server& server, Text text) {
    if (auto value = line.count(text, 1, 65535))
        server.check_port = Port{static_cast<std::uint16_t>(*value)};
}

void check_address(Line& line, Server& server, Text text) {
    auto endpoint = parse_endpoint(text);
    if (!endpoint) return line.alert(endpoint.error().text);
    if (endpoint->unix_socket) return line.alert("must be a host or an IP address");
    server.check_address = endpoint->host;
    if (number(endpoint->port) != 0) server.check_port = endpoint->port;
}

void on_marked_down(Line& line, Server& server, Text text) {
    if (text != "shutdown-sessions")
        return line.alert("expects 'shutdown-sessions' but got '" + text + "'");
    server.cut_when_down = true;
}

void init_addr(Line& line, Server& server, Text text) {
    server.resolve_at_start = false;
    std::string_view rest = text;
    while (true) {
        const auto method = rest.substr(0, rest.find(','));
        if (method == "libc")
            server.resolve_at_start = true;
        else if (method != "none" && method != "last")
            line.alert("unknown method '" + std::string(method) + "'; use libc, last or none");
        if (method.size() == rest.size()) return;
        rest.remove_prefix(method.size() + 1);
    }
}

void init_state(Line& line, Server& server, Text text) {
    if (text == "up" || text == "fully-up")
        server.init_state = InitState::up;
    else if (text == "judged" || text == "down" || text == "fully-down")
        server.init_state = InitState::judged;
    else
        line.alert("unknown state '" + text + "'; use judged, up, fully-up, down or fully-down");
}

constexpr OptionRow<Server> options[] = {
    {"check", 0, honoured, set_flag<&Server::check, true>},
    {"no-check", 0, honoured, set_flag<&Server::check, false>},
    {"port", 1, honoured, check_port},
    {"addr", 1, honoured, check_address},
    {"inter", 1, honoured, inter},
    {"fastinter", 1, honoured, set_time<&Server::fast_inter>},
    {"downinter", 1, honoured, set_time<&Server::down_inter>},
    {"fall", 1, honoured, set_count<&Server::fall, 1, 1'000'000>},
    {"rise", 1, honoured, set_count<&Server::rise, 1, 1'000'000>},
    {"maxconn", 1, honoured, set_count<&Server::maxconn, 0, 2'000'000'000>},
    {"weight", 1, honoured, set_count<&Server::weight, 0, 256>},
    {"backup", 0, honoured, set_flag<&Server::backup, true>},
    {"no-backup", 0, honoured, set_flag<&Server::backup, false>},
    {"disabled", 0, honoured, set_flag<&Server::disabled, true>},
    {"enabled", 0, honoured, set_flag<&Server::disabled, false>},
    {"on-marked-down", 1, honoured, on_marked_down},
    {"init-addr", 1, honoured, init_addr},
    {"init-state", 1, honoured, init_state},
    {"tcp-ut", 1, honoured, set_time<&Server::tcp_user_timeout>},
    {"id", 1, inert, nullptr, "pgsteer goes by names"},
    {"non-stick", 0, inert, nullptr, "there are no stick tables"},
    {"no-ssl", 0, inert, nullptr, no_tls},
    {"no-send-proxy", 0, inert, nullptr, "the PROXY protocol is never sent"},
    {"resolvers", 1, inert, nullptr, "names are resolved by the system, again and again"},
    {"resolve-prefer", 1, inert, nullptr, "the system orders the addresses"},
    {"resolve-opts", 1, inert, nullptr, "the system orders the addresses"},
    {"verify", 1, inert, nullptr, no_tls},
    {"ssl", 0, refused, nullptr, no_tls, tls_at_postgres},
    {"check-ssl", 0, refused, nullptr, "checks speak plain HTTP or TCP", "remove it"},
    {"ca-file", 1, refused, nullptr, no_tls, tls_at_postgres},
    {"crt", 1, refused, nullptr, no_tls, tls_at_postgres},
    {"send-proxy*", 0, refused, nullptr, "PostgreSQL reads no PROXY protocol", "remove it"},
    {"check-send-proxy", 0, refused, nullptr, "checks send no PROXY header", "remove it"},
    {"cookie", 1, refused, nullptr, "PostgreSQL sessions carry no cookie", "remove it"},
    {"agent-*", 1, refused, nullptr, "there is no agent check", "use 'option httpchk'"},
    {"track", 1, refused, nullptr, "every server is checked by itself", "use 'check'"},
    {"observe", 1, refused, nullptr, "sessions are not judged", "use 'check'"},
    {"on-error", 1, refused, nullptr, "sessions are not judged", "use 'fastinter'"},
    {"on-marked-up", 1, refused, nullptr, "sessions on a backup stay", "remove it"},
    {"slowstart", 1, refused, nullptr, "a server takes its full weight at once", "remove it"},
    {"minconn", 1, refused, nullptr, "limits are fixed", "use 'maxconn'"},
    {"maxqueue", 1, refused, nullptr, "the queue has no limit but time", "use 'timeout queue'"},
    {"source", 1, refused, nullptr, "the kernel chooses the source address", "remove it"},
};

void server_line(Line& line, Words words) {
    if (words.size() < 2) return line.alert("needs NAME and ADDRESS:PORT");
    Server server = line.proxy->default_server;
    server.name = words[0];
    server.at = line.at;
    auto endpoint = parse_endpoint(words[1]);
    if (!endpoint)
        line.alert(endpoint.error().text);
    else
        server.endpoint = *endpoint;
    if (endpoint && !endpoint->unix_socket && (endpoint->host.empty() || endpoint->host == "*"))
        line.alert("'" + words[1] + "' names no host");
    else if (endpoint && !endpoint->unix_socket && number(endpoint->port) == 0)
        line.alert("'" + words[1] + "' names no port; write " + words[1] + ":5432");
    read_options<Server>(line, server, words.subspan(2), options);
    line.proxy->back.servers.push_back(server);
}

void default_server(Line& line, Words words) {
    read_options<Server>(line, line.proxy->default_server, words, options);
}

constexpr Row rows[] = {
    {"server", in_backend | in_listen, honoured, server_line, "a server to take sessions"},
    {"default-server", in_back, honoured, default_server, "options of the servers below"},
};

}  // namespace

std::span<const Row> server_rows() {
    return rows;
}

}  // namespace pgsteer::config
