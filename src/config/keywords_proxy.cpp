#include "config/keywords.h"

namespace pgsteer::config {
namespace {

constexpr auto honoured = KeywordClass::honoured;
constexpr auto inert = KeywordClass::inert;
constexpr auto refused = KeywordClass::refused;
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

void balance(Line& line, Words words) {
    if (!line.arguments(words, 1, 1)) return;
    Backend& back = line.proxy->back;
    const std::string& name = words[0];
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
    } else {
        line.alert("'" + name +
                   "' is not supported; use roundrobin, static-rr, leastconn, first, "
                   "source or random");
    }
}

void redispatch(Line& line, Words words) {
    if (line.arguments(words, 0, 1)) line.proxy->back.redispatch = !line.negated;
}

void retries(Line& line, Words words) {
    if (!line.arguments(words, 1, 1)) return;
    if (auto value = line.count(words[0], 0, 1000)) line.proxy->back.retries = *value;
}

void maxconn(Line& line, Words words) {
    if (!line.arguments(words, 1, 1)) return;
    if (auto value = line.count(words[0], 0, most_connections)) line.proxy->front.maxconn = *value;
}

void log_line(Line& line, Words words) {
    Proxy& proxy = *line.proxy;
    if (line.negated) {
        proxy.log_global = false;
        proxy.logs.clear();
    } else if (words.size() == 1 && words[0] == "global") {
        proxy.log_global = true;
    } else if (auto target = parse_log(line, words)) {
        proxy.logs.push_back(*target);
    }
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
constexpr std::string_view web = "there is no HTTP to relay";
constexpr std::string_view counted = "the counters and logs are always up to date";

constexpr Row rows[] = {
    {"mode", in_proxy, honoured, mode, "tcp, or http for a stats page"},
    {"balance", in_back, honoured, balance, "who takes the next session"},
    {"retries", in_back, honoured, retries, "how often a connect is tried again"},
    {"maxconn", in_front, honoured, maxconn, "sessions at once"},
    {"log", in_proxy, honoured, log_line, "where log lines go"},
    {"default_backend", in_front, honoured, default_backend, "who takes the sessions"},
    {"disabled", in_proxy, honoured, disable, "leave the section out"},
    {"enabled", in_proxy, honoured, enable, "undo disabled"},
    {"timeout client", in_front, honoured, set_time<front, &Frontend::client_timeout>},
    {"timeout client-fin", in_front, honoured, set_time<front, &Frontend::client_fin_timeout>},
    {"timeout connect", in_back, honoured, set_time<back, &Backend::connect_timeout>},
    {"timeout server", in_back, honoured, set_time<back, &Backend::server_timeout>},
    {"timeout server-fin", in_back, honoured, set_time<back, &Backend::server_fin_timeout>},
    {"timeout queue", in_back, honoured, set_time<back, &Backend::queue_timeout>},
    {"timeout check", in_back, honoured, set_time<back, &Backend::check_timeout>},
    {"timeout http-request", in_proxy, inert, nullptr, {}, web},
    {"timeout http-keep-alive", in_proxy, inert, nullptr, {}, web},
    {"timeout tarpit", in_proxy, inert, nullptr, {}, web},
    {"timeout tunnel",
     in_proxy,
     refused,
     nullptr,
     {},
     "a session has one idle limit a side",
     "use 'timeout client' and 'timeout server'"},
    {"option redispatch", in_back, honoured, redispatch},
    {"option tcplog", in_proxy, honoured, set_flag<front, &Frontend::log_format_tcp, true>},
    {"option dontlognull", in_front, honoured,
     set_flag<front, &Frontend::log_empty_sessions, false>},
    {"option tcpka", in_proxy, honoured, keepalive},
    {"option clitcpka", in_front, honoured, client_keepalive},
    {"option srvtcpka", in_back, honoured, server_keepalive},
    {"option allbackups", in_back, honoured, set_flag<back, &Backend::all_backups, true>},
    {"option log-health-checks", in_back, honoured,
     set_flag<back, &Backend::log_health_checks, true>},
    {"clitcpka-idle", in_front, honoured, keepalive_time<front, &KeepaliveOptions::idle>},
    {"clitcpka-intvl", in_front, honoured, keepalive_time<front, &KeepaliveOptions::interval>},
    {"clitcpka-cnt", in_front, honoured, keepalive_count<front>},
    {"srvtcpka-idle", in_back, honoured, keepalive_time<back, &KeepaliveOptions::idle>},
    {"srvtcpka-intvl", in_back, honoured, keepalive_time<back, &KeepaliveOptions::interval>},
    {"srvtcpka-cnt", in_back, honoured, keepalive_count<back>},
    {"option httplog", in_proxy, inert, nullptr, {}, web},
    {"option forwardfor", in_proxy, inert, nullptr, {}, web},
    {"option http-server-close", in_proxy, inert, nullptr, {}, web},
    {"option http-keep-alive", in_proxy, inert, nullptr, {}, web},
    {"option http-buffer-request", in_proxy, inert, nullptr, {}, web},
    {"option http-ignore-probes", in_proxy, inert, nullptr, {}, web},
    {"option http-no-delay", in_proxy, inert, nullptr, {}, web},
    {"option http-pretend-keepalive", in_proxy, inert, nullptr, {}, web},
    {"option http-tunnel", in_proxy, inert, nullptr, {}, web},
    {"option http-use-htx", in_proxy, inert, nullptr, {}, web},
    {"option httpclose", in_proxy, inert, nullptr, {}, web},
    {"option contstats", in_proxy, inert, nullptr, {}, counted},
    {"option socket-stats", in_proxy, inert, nullptr, {}, counted},
    {"option logasap", in_proxy, inert, nullptr, {}, counted},
    {"option splice-*", in_proxy, inert, nullptr, {}, "bytes are moved as is best"},
    {"option tcp-smart-*", in_proxy, inert, nullptr, {}, "PostgreSQL's packets go at once"},
    {"errorfile", in_proxy, inert, nullptr, {}, web},
    {"fullconn", in_back, inert, nullptr, {}, "limits are fixed"},
    {"description", in_proxy, inert, nullptr, {}, "a comment"},
    {"id", in_proxy, inert, nullptr, {}, "pgsteer goes by names"},
};

}  // namespace

std::span<const Row> proxy_rows() {
    return rows;
}

}  // namespace pgsteer::config
