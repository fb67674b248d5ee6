#include "config/keywords.h"

namespace pgsteer::config {
namespace {

const OptionIndex<Server>& option_index() {
    static const OptionIndex<Server> index(server_options());
    return index;
}

constexpr auto honoured = KeywordClass::honoured;
using Text = const std::string&;

// More are a typing mistake; HAProxy has no limit.
constexpr std::uint32_t most_template_servers = 10'000;

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
    auto endpoint = parse_endpoint(expand_variables(text, line.environment));
    if (!endpoint) return line.alert(endpoint.error().text);
    if (endpoint->unix_socket) return line.alert("must be a host or an IP address");
    server.check_address = endpoint->host;
    if (number(endpoint->port) != 0) server.check_port = endpoint->port;
}

constexpr std::string_view no_pool = "each client has a server connection of its own";
constexpr std::string_view remove_it = "remove it";

constexpr OptionRow<Server> options[] = {
    {"check", 0, honoured, set_flag<&Server::check, true>, "check the server"},
    {"no-check", 0, honoured, set_flag<&Server::check, false>, "undo check"},
    {"port", 1, honoured, check_port, "port of the check"},
    {"addr", 1, honoured, check_address, "address of the check"},
    {"inter", 1, honoured, inter, "time between checks"},
    {"fastinter", 1, honoured, set_time<&Server::fast_inter>,
     "the same while UP or DOWN is in doubt"},
    {"downinter", 1, honoured, set_time<&Server::down_inter>, "the same while the server is DOWN"},
    {"fall", 1, honoured, set_count<&Server::fall, 1, 1'000'000>, "bad checks until it is DOWN"},
    {"rise", 1, honoured, set_count<&Server::rise, 1, 1'000'000>, "good checks until it is UP"},
    {"maxconn", 1, honoured, set_count<&Server::maxconn, 0, 2'000'000'000>, "sessions at once"},
    {"weight", 1, honoured, set_count<&Server::weight, 0, 256>, "share of the sessions; 0: none"},
    {"backup", 0, honoured, set_flag<&Server::backup, true>, "used when no other server is fit"},
    {"no-backup", 0, honoured, set_flag<&Server::backup, false>, "undo backup"},
    {"disabled", 0, honoured, set_flag<&Server::disabled, true>, "in maintenance from the start"},
    {"enabled", 0, honoured, set_flag<&Server::disabled, false>, "undo disabled"},
    {"id", 1, honoured, set_count<&Server::id, 1, 2'147'483'647>,
     "its number for consistent hashing; all else goes by names"},
    {"tcp-ut", 1, honoured, set_time<&Server::tcp_user_timeout>,
     "how long sent bytes may stay unconfirmed"},
    {"non-stick", 0, honoured, set_flag<&Server::sticks, false>, "is kept in no stick table"},
    {"stick", 0, honoured, set_flag<&Server::sticks, true>, "undo non-stick"},
    inert_option<Server>("proto", 1, "PostgreSQL's protocol passes as it is"),
    inert_option<Server>("check-proto", 1, "a check speaks HTTP/1"),
    inert_option<Server>("ws", 1, "there is no HTTP to relay"),
    inert_option<Server>("log-proto", 1, "log lines go to 'log' targets"),
    inert_option<Server>("max-reuse", 1, no_pool),
    inert_option<Server>("pool-low-conn", 1, no_pool),
    inert_option<Server>("pool-max-conn", 1, no_pool),
    inert_option<Server>("pool-purge-delay", 1, no_pool),
    inert_option<Server>("tfo", 0, "PostgreSQL does not use TCP fast open"),
    inert_option<Server>("no-tfo", 0, "PostgreSQL does not use TCP fast open"),
    refused_option<Server>("socks4", 1, "servers are connected to directly", remove_it),
};

// A server with these words after its name, and its address among them.
Server read_server(Line& line, const std::string& name, Words words) {
    Server server = line.proxy->default_server;
    server.name = name;
    server.at = line.at;
    if (!is_proxy_name(name))
        line.alert("the name '" + name + "' may hold letters, digits and - _ . : only");
    auto endpoint = parse_endpoint(expand_variables(words[0], line.environment));
    if (!endpoint)
        line.alert(endpoint.error().text);
    else
        server.endpoint = *endpoint;
    if (endpoint && !endpoint->unix_socket && (endpoint->host.empty() || endpoint->host == "*"))
        line.alert("'" + words[0] + "' names no host");
    else if (endpoint && !endpoint->unix_socket && number(endpoint->port) == 0 &&
             !is_service(endpoint->host))
        line.alert("'" + words[0] + "' names no port; write " + words[0] + ":5432");
    read_options(line, server, words.subspan(1), option_index());
    return server;
}

void server_line(Line& line, Words words) {
    if (words.size() < 2) return line.alert("needs NAME and ADDRESS:PORT");
    line.proxy->back.servers.push_back(read_server(line, words[0], words.subspan(1)));
}

// "3" is 1 to 3.
struct Range {
    std::uint32_t first = 1, last = 0;
};
std::optional<Range> parse_range(std::string_view text) {
    constexpr std::int64_t most = 1'000'000;
    const auto dash = text.find('-');
    const auto first = parse_integer(text.substr(0, dash), 0, most);
    if (!first) return std::nullopt;
    Range range{1, static_cast<std::uint32_t>(*first)};
    if (dash != std::string_view::npos) {
        const auto last = parse_integer(text.substr(dash + 1), 0, most);
        if (!last) return std::nullopt;
        range = {range.last, static_cast<std::uint32_t>(*last)};
    }
    if (range.last < range.first || range.last - range.first >= most_template_servers)
        return std::nullopt;
    return range;
}

void server_template(Line& line, Words words) {
    if (words.size() < 3) return line.alert("needs PREFIX, NUMBER or RANGE, and NAME:PORT");
    const auto range = parse_range(words[1]);
    if (!range)
        return line.alert("'" + words[1] + "' is not N or N-M, of at most " +
                          std::to_string(most_template_servers) + " servers");
    Server server = read_server(line, words[0], words.subspan(2));
    for (std::uint32_t i = range->first; i <= range->last; ++i) {
        server.name = words[0] + std::to_string(i);
        line.proxy->back.servers.push_back(server);
    }
}

void default_server(Line& line, Words words) {
    read_options(line, line.proxy->default_server, words, option_index());
}

// As a server without a check, which is the only one.
void dispatch(Line& line, Words words) {
    if (!line.arguments(words, 1, 1)) return;
    const std::string address[] = {words[0]};
    Backend& back = line.proxy->back;
    if (std::exchange(back.dispatch, true)) return line.alert("stands twice");
    Line plain = line;
    Proxy proxy = *line.proxy;
    proxy.default_server = Server{};
    plain.proxy = &proxy;
    back.servers.push_back(read_server(plain, "dispatch", address));
}

constexpr Row rows[] = {
    {"dispatch", in_backend | in_listen, honoured, dispatch,
     "ADDRESS:PORT: where all sessions go, with no server"},
    {"server", in_backend | in_listen, honoured, server_line,
     "a server to take sessions, with options; see below"},
    {"server-template", in_backend | in_listen, honoured, server_template,
     "PREFIX N or N-M NAME:PORT: so many servers, which share the addresses of one name"},
    {"default-server", in_back, honoured, default_server, "options of the servers below"},
    {"source", in_back, honoured, source_line,
     "ADDR, ADDR:PORT or ADDR:PORT-PORT, and interface NAME: where sessions and checks come from"},
};

}  // namespace

std::span<const Row> server_rows() {
    return rows;
}

std::span<const OptionRow<Server>> server_options() {
    static const std::vector<OptionRow<Server>> all = [] {
        std::vector<OptionRow<Server>> joined(std::begin(options), std::end(options));
        for (const auto more :
             {server_check_options(), server_name_options(), server_pace_options(),
              server_wire_options(), server_tls_options(), server_later_options()})
            joined.insert(joined.end(), more.begin(), more.end());
        return joined;
    }();
    return all;
}

}  // namespace pgsteer::config
