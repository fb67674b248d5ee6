#include "config/keywords.h"

namespace pgsteer::config {
namespace {

constexpr auto honoured = KeywordClass::honoured;
constexpr std::uint32_t most_connections = 2'000'000'000;

template <auto half, auto field>
void set_time(Line& line, Words words) {
    if (!line.arguments(words, 1, 1)) return;
    if (auto value = line.time(words[0])) (line.proxy->*half).*field = *value;
}
template <auto half, auto field, bool value>
void set_flag(Line& line, Words words) {
    if (line.arguments(words, 0, 0)) (line.proxy->*half).*field = line.negated ? !value : value;
}
template <auto half, auto field>
void keepalive_time(Line& line, Words words) {
    if (!line.arguments(words, 1, 1)) return;
    if (auto value = line.whole_seconds(words[0])) (line.proxy->*half).keepalive.*field = *value;
}
template <auto half>
void keepalive_count(Line& line, Words words) {
    if (!line.arguments(words, 1, 1)) return;
    if (auto value = line.count(words[0], 1, 127)) (line.proxy->*half).keepalive.count = *value;
}

void client_keepalive(Line& line, Words) {
    line.proxy->front.keepalive.enabled = !line.negated;
}
void server_keepalive(Line& line, Words) {
    line.proxy->back.keepalive.enabled = !line.negated;
}
void keepalive(Line& line, Words words) {
    client_keepalive(line, words);
    server_keepalive(line, words);
}

void mode(Line& line, Words words) {
    if (!line.arguments(words, 1, 1)) return;
    if (words[0] != "tcp" && words[0] != "http")
        return line.alert("unknown mode '" + words[0] + "'; use tcp, or http for a stats page");
    line.proxy->http_mode = words[0] == "http";
}

// In mode tcp HAProxy takes roundrobin instead, and says so.
bool is_web_balance(std::string_view name) {
    return name == "uri" || name == "url_param" ||
           (name.starts_with("hdr(") && name.ends_with(')'));
}

void balance(Line& line, Words words) {
    Backend& back = line.proxy->back;
    const std::string name = words.empty() ? "roundrobin" : words[0];  // as in HAProxy
    std::erase_if(line.proxy->web,
                  [](const WebLine& known) { return known.kind == WebLine::Kind::balance; });
    if (!is_web_balance(name) && !line.arguments(words, 0, 1)) return;
    if (name == "roundrobin") {
        back.balance = BalanceKind::roundrobin;
    } else if (name == "static-rr") {
        back.balance = BalanceKind::static_rr;
    } else if (name == "leastconn") {
        back.balance = BalanceKind::leastconn;
    } else if (name == "first") {
        back.balance = BalanceKind::first;
    } else if (name == "source") {
        back.balance = BalanceKind::source;
    } else if (name == "random") {
        back.balance = BalanceKind::random;
        back.random_draws = 2;
    } else if (name.starts_with("random(") && name.ends_with(')')) {
        back.balance = BalanceKind::random;
        if (auto draws = line.count(name.substr(7, name.size() - 8), 1, 1000))
            back.random_draws = *draws;
    } else if (is_web_balance(name)) {
        back.balance = BalanceKind::roundrobin;
        keep_web_balance(line);
    } else {
        line.alert("'" + name +
                   "' is not supported; use roundrobin, static-rr, leastconn, first, "
                   "source or random");
    }
}

// `balance source` hashes an address as it is: the function's name is checked and makes no
// difference, as in HAProxy (get_server_sh in src/backend.c).
void hash_type(Line& line, Words words) {
    if (!line.arguments(words, 1, 3)) return;
    HashType type;
    if (words[0] != "map-based" && words[0] != "consistent")
        return line.alert("'" + words[0] + "' is neither map-based nor consistent");
    type.consistent = words[0] == "consistent";
    const std::string function = words.size() > 1 ? words[1] : "";
    if (function == "avalanche" || (words.size() > 2 && words[2] != "avalanche"))
        return line.alert("'" + words.back() + "' : a function's name stands before 'avalanche'");
    if (!function.empty() && function != "sdbm" && function != "djb2" && function != "wt6" &&
        function != "crc32")
        return line.alert("'" + function + "' is not sdbm, djb2, wt6 or crc32");
    type.avalanche = words.size() > 2 || (type.consistent && function.empty());
    line.proxy->back.hash = type;
}

void hash_balance_factor(Line& line, Words words) {
    if (!line.arguments(words, 1, 1)) return;
    const auto value = line.count(words[0], 0, 10'000);
    if (!value) return;
    if (*value != 0 && *value <= 100) return line.alert("must be 0 or above 100");
    line.proxy->back.hash_balance_factor = *value;
}

void redispatch(Line& line, Words words) {
    if (line.arguments(words, 0, 1)) line.proxy->back.redispatch = !line.negated;
}

void load_states(Line& line, Words words) {
    if (!line.arguments(words, 1, 1)) return;
    LoadStates& states = line.proxy->back.load_states;
    if (words[0] == "global")
        states = LoadStates::global;
    else if (words[0] == "local")
        states = LoadStates::local;
    else if (words[0] == "none")
        states = LoadStates::none;
    else
        line.alert("expects 'global', 'local' or 'none' but got '" + words[0] + "'");
}

void states_file_name(Line& line, Words words) {
    if (!line.arguments(words, 0, 1)) return;
    const bool by_name = words.empty() || words[0] == "use-backend-name";
    line.proxy->back.states_file = by_name ? "" : words[0];
}

void retries(Line& line, Words words) {
    if (!line.arguments(words, 1, 1)) return;
    if (auto value = line.count(words[0], 0, 1000)) line.proxy->back.retries = *value;
}

void maxconn(Line& line, Words words) {
    if (!line.arguments(words, 1, 1)) return;
    if (auto value = line.count(words[0], 0, most_connections)) line.proxy->front.maxconn = *value;
}

void fullconn(Line& line, Words words) {
    if (!line.arguments(words, 1, 1)) return;
    if (auto value = line.count(words[0], 0, most_connections)) line.proxy->back.fullconn = *value;
}

void backlog(Line& line, Words words) {
    if (!line.arguments(words, 1, 1)) return;
    if (auto value = line.count(words[0], 1, 1U << 30))
        line.proxy->backlog = static_cast<int>(*value);
}

void default_backend(Line& line, Words words) {
    if (!line.arguments(words, 1, 1)) return;
    line.proxy->front.default_backend = words[0];
    line.proxy->front.default_backend_at = line.at;
}
void disable(Line& line, Words) {
    line.proxy->disabled = true;
}
void enable(Line& line, Words) {
    line.proxy->disabled = false;
}

constexpr auto front = &Proxy::front;
constexpr auto back = &Proxy::back;

void number(Line& line, Words words) {
    if (!line.arguments(words, 1, 1)) return;
    const auto value = line.count(words[0], 1, 2'147'483'647);
    if (!value) return;
    line.proxy->id = *value;
    line.proxy->id_at = line.at;
}

constexpr Row rows[] = {
    {"id", in_frontend | in_backend | in_listen, honoured, number,
     "the section's number, for fe_id, be_id and the column iid"},
    {"mode", in_proxy, honoured, mode, "tcp, or http for a stats page"},
    {"balance", in_back, honoured, balance,
     "who takes the next session: roundrobin, static-rr, leastconn, first, source, random"},
    {"hash-type", in_back, honoured, hash_type,
     "map-based or consistent, a function's name, avalanche: how 'balance source' hashes"},
    {"hash-balance-factor", in_back, honoured, hash_balance_factor,
     "so many percent of the average load may one server have with 'balance source' and consistent "
     "hashing, or with 'balance random'"},
    {"retries", in_back, honoured, retries, "how often a connect is tried again"},
    {"load-server-state-from-file", in_back, honoured, load_states,
     "global, local or none: what servers were before the start"},
    {"server-state-file-name", in_back, honoured, states_file_name,
     "file of load-server-state-from-file local"},
    {"maxconn", in_front, honoured, maxconn, "sessions at once"},
    {"fullconn", in_back, honoured, fullconn,
     "sessions of the backend at which servers with minconn get their maxconn; a tenth of what its "
     "frontends may bring"},
    {"backlog", in_front, honoured, backlog, "clients the kernel keeps until they are accepted"},
    {"default_backend", in_front, honoured, default_backend, "who takes the sessions"},
    {"disabled", in_proxy, honoured, disable, "leave the section out"},
    {"enabled", in_proxy, honoured, enable, "undo disabled"},
    {"timeout client", in_front, honoured, set_time<front, &Frontend::client_timeout>,
     "longest silence of a client"},
    {"timeout client-fin", in_front, honoured, set_time<front, &Frontend::client_fin_timeout>,
     "the same once the server has finished"},
    {"timeout connect", in_back, honoured, set_time<back, &Backend::connect_timeout>,
     "longest connect to a server"},
    {"timeout server", in_back, honoured, set_time<back, &Backend::server_timeout>,
     "longest silence of a server"},
    {"timeout server-fin", in_back, honoured, set_time<back, &Backend::server_fin_timeout>,
     "the same once the client has finished"},
    {"timeout tunnel", in_back, honoured, set_time<back, &Backend::tunnel_timeout>,
     "longest silence of an open session, in place of 'timeout client' and 'timeout server'"},
    {"timeout queue", in_back, honoured, set_time<back, &Backend::queue_timeout>,
     "longest wait for a server; 'timeout connect' when unset"},
    {"timeout check", in_back, honoured, set_time<back, &Backend::check_timeout>,
     "longest wait for a check's answer"},
    {"option redispatch", in_back, honoured, redispatch, "try another server when one fails"},
    {"option tcpka", in_proxy, honoured, keepalive, "TCP keep-alive on both sides"},
    {"option socket-stats", in_front, honoured, set_flag<front, &Frontend::count_listeners, true>,
     "count each 'bind' address by itself"},
    {"option clitcpka", in_front, honoured, client_keepalive, "TCP keep-alive to clients"},
    {"option srvtcpka", in_back, honoured, server_keepalive, "TCP keep-alive to servers"},
    {"option allbackups", in_back, honoured, set_flag<back, &Backend::all_backups, true>,
     "balance over all backup servers, not the first alone"},
    {"clitcpka-idle", in_front, honoured, keepalive_time<front, &KeepaliveOptions::idle>,
     "silence before the first keep-alive probe"},
    {"clitcpka-intvl", in_front, honoured, keepalive_time<front, &KeepaliveOptions::interval>,
     "time between keep-alive probes"},
    {"clitcpka-cnt", in_front, honoured, keepalive_count<front>, "probes until the peer is gone"},
    {"srvtcpka-idle", in_back, honoured, keepalive_time<back, &KeepaliveOptions::idle>,
     "silence before the first keep-alive probe"},
    {"srvtcpka-intvl", in_back, honoured, keepalive_time<back, &KeepaliveOptions::interval>,
     "time between keep-alive probes"},
    {"srvtcpka-cnt", in_back, honoured, keepalive_count<back>, "probes until the peer is gone"},
};

}  // namespace

std::span<const Row> proxy_rows() {
    return rows;
}

}  // namespace pgsteer::config
