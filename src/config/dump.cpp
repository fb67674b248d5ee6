#include "config/dump.h"

#include <algorithm>

#include "base/units.h"

namespace pgsteer::config {
namespace {

// Writes "  NAME VALUE" lines; what is unset is left out.
class Writer {
  public:
    void title(const std::string& text) { text_ += text + "\n"; }
    void fact(const std::string& name, const std::string& value) {
        text_ += "  " + name + " " + value + "\n";
    }
    void number(const std::string& name, std::uint64_t value) {
        if (value != 0) fact(name, std::to_string(value));
    }
    void time(const std::string& name, milliseconds value) {
        if (value.count() != 0) fact(name, format_time(value));
    }
    void flag(const std::string& name, bool value) {
        if (value) text_ += "  " + name + "\n";
    }
    void text(const std::string& name, const std::optional<std::string>& value) {
        if (value) fact(name, config::quoted(*value));
    }
    std::string take() { return std::move(text_); }

  private:
    std::string text_;
};

std::string octal(unsigned value) {
    std::string text;
    for (; value != 0; value >>= 3)
        text.insert(text.begin(), static_cast<char>('0' + (value & 7)));
    return "0" + text;
}

std::string words(const Bind& bind) {
    std::string text;
    switch (bind.kind) {
        case Bind::Kind::any_ipv4:
            text = "any-ipv4 " + bind.endpoint.text();
            break;
        case Bind::Kind::any_ipv6:
            text = "any-ipv6 " + bind.endpoint.text();
            break;
        case Bind::Kind::endpoint:
            text = "address " + bind.endpoint.text();
            break;
        case Bind::Kind::unix_socket:
            text = "unix " + bind.endpoint.text();
            break;
        case Bind::Kind::descriptor:
            text = "fd " + std::to_string(bind.descriptor.value_or(-1));
    }
    if (bind.accept_proxy) text += " accept-proxy";
    if (bind.id != 0) text += " id " + std::to_string(bind.id);
    if (bind.v4v6) text += " v4v6";
    if (bind.v6only) text += " v6only";
    if (bind.mode) text += " mode " + octal(*bind.mode);
    if (bind.user) text += " user " + *bind.user;
    if (bind.group) text += " group " + *bind.group;
    if (bind.interface) text += " interface " + *bind.interface;
    if (bind.backlog) text += " backlog " + std::to_string(*bind.backlog);
    if (bind.name) text += " name " + *bind.name;
    if (bind.tcp_user_timeout) text += " tcp-ut " + format_time(*bind.tcp_user_timeout);
    if (bind.maxconn) text += " maxconn " + std::to_string(*bind.maxconn);
    return text;
}

std::string check_words(const Server& server) {
    static constexpr const char* actions[] = {"fastinter", "fail-check", "sudden-death",
                                              "mark-down"};
    std::string text;
    const CheckTls& tls = server.check_tls;
    if (tls.enabled) text += " check-ssl";
    if (server.tls.on) text += " ssl";
    if (!server.tls.sni_text.empty()) text += " sni " + server.tls.sni_text;
    const tls::Settings& settings = *server.tls.settings;
    if (!settings.ca_file.empty()) text += " ca-file " + settings.ca_file;
    if (!settings.verify_host.empty()) text += " verifyhost " + settings.verify_host;
    if (!tls.sni.empty()) text += " check-sni " + tls.sni;
    if (server.check_send_proxy) text += " check-send-proxy";
    if (server.agent.enabled) text += " agent-check";
    if (server.agent.port) text += " agent-port " + std::to_string(number(*server.agent.port));
    if (server.agent.inter) text += " agent-inter " + format_time(*server.agent.inter);
    if (!server.agent.send.empty()) text += " agent-send " + quoted(server.agent.send);
    if (!server.track.empty()) text += " track " + server.track;
    if (server.observe.connects)
        text += " observe layer4 error-limit " + std::to_string(server.observe.limit) +
                " on-error " + actions[static_cast<int>(server.observe.action)];
    return text;
}

std::string naming_words(const Naming& naming) {
    static constexpr const char* methods[] = {"last", "libc", "none"};
    std::string text;
    if (!naming.resolvers.empty()) text += " resolvers " + naming.resolvers;
    if (naming.prefer_ipv4) text += " resolve-prefer ipv4";
    for (const Network& network : naming.networks)
        text += " resolve-net " + network.address.host() + "/" + std::to_string(network.bits);
    if (naming.repeat_addresses) text += " resolve-opts allow-dup-ip";
    if (naming.ignore_weight) text += " resolve-opts ignore-weight";
    if (naming.shared) text += " place " + naming.place;
    if (naming.init == Naming{}.init) return text;
    for (const InitAddress& init : naming.init)
        text += " init-addr " + (init.method == InitAddress::Method::fixed
                                     ? init.address.host()
                                     : methods[static_cast<std::size_t>(init.method)]);
    return text;
}

std::string words(const Server& server) {
    std::string text = server.name + " " + server.endpoint.text();
    if (server.check) text += " check";
    if (server.check_address) text += " addr " + *server.check_address;
    if (server.check_port) text += " port " + std::to_string(number(*server.check_port));
    text += " inter " + format_time(server.inter);
    if (server.fast_inter) text += " fastinter " + format_time(*server.fast_inter);
    if (server.down_inter) text += " downinter " + format_time(*server.down_inter);
    text += " rise " + std::to_string(server.rise) + " fall " + std::to_string(server.fall);
    text += " weight " + std::to_string(server.weight);
    if (server.maxconn != 0) text += " maxconn " + std::to_string(server.maxconn);
    if (server.minconn != server.maxconn) text += " minconn " + std::to_string(server.minconn);
    if (server.slow_start.count() > 0) text += " slowstart " + format_time(server.slow_start);
    if (server.backup) text += " backup";
    if (server.disabled) text += " disabled";
    if (server.cut_when_down) text += " on-marked-down shutdown-sessions";
    static constexpr const char* states[] = {"judged", "up", "fully-up", "down", "fully-down"};
    if (server.cut_backups_when_up) text += " on-marked-up shutdown-backup-sessions";
    if (server.init_state != InitState::judged)
        text += std::string(" init-state ") + states[static_cast<std::size_t>(server.init_state)];
    text += naming_words(server.naming);
    if (server.tcp_user_timeout) text += " tcp-ut " + format_time(*server.tcp_user_timeout);
    if (server.announcement.text) text += " send-proxy";
    if (server.announcement.binary) text += " send-proxy-v2";
    if (server.announcement.checksum) text += " proxy-v2-options crc32c";
    if (server.announcement.tls) text += " proxy-v2-options ssl";
    if (server.origin.given()) text += " " + server.origin.text();
    return text + check_words(server);
}

void keepalive(Writer& out, const KeepaliveOptions& options) {
    std::string text = options.enabled ? "on" : "off";
    if (options.idle) text += " idle " + format_time(*options.idle);
    if (options.interval) text += " intvl " + format_time(*options.interval);
    if (options.count) text += " cnt " + std::to_string(*options.count);
    if (text != "off") out.fact("keepalive", text);
}

void logs(Writer& out, const std::vector<log::Target>& targets) {
    constexpr std::string_view formats[] = {"local", "rfc3164", "rfc5424", "priority", "short",
                                            "timed", "iso",     "raw",     "json"};
    for (const auto& target : targets) {
        std::string text = target.place();
        if (target.length != 1024) text += " len " + std::to_string(target.length);
        if (target.format)
            text += " format " + std::string(formats[static_cast<std::size_t>(*target.format)]);
        for (const auto& range : target.sample.ranges)
            text += " sample " + std::to_string(range.first) + "-" + std::to_string(range.last) +
                    ":" + std::to_string(target.sample.size);
        text += " facility " + std::to_string(target.facility) + " level " +
                std::to_string(static_cast<int>(target.most));
        if (target.least != log::Level::emerg)
            text += " as at most " + std::to_string(static_cast<int>(target.least));
        text += " tag " + target.tag;
        if (target.sends_host)
            text += " host " + (target.host_name.empty() ? "own" : target.host_name);
        out.fact("log", text);
    }
}

std::string written(const LogFormat& format) {
    std::string text;
    for (const LogPiece& piece : format.pieces) {
        std::string flags;
        if (piece.flags.quote) flags += "+Q";
        if (piece.flags.hex) flags += "+X";
        if (piece.flags.escape) flags += "+E";
        if (!flags.empty()) flags = "{" + flags + "}";
        if (piece.kind == LogPiece::Kind::variable)
            text += "%" + flags + piece.text;
        else if (piece.kind == LogPiece::Kind::sample)
            text += "%" + flags + "[" + piece.text + "]";
        else
            text += piece.text;
    }
    return text;
}

void session_log(Writer& out, const SessionLog& log) {
    out.flag("dontlognull", !log.empty_sessions);
    out.flag("dontlog-normal", !log.normal_sessions);
    out.flag("log-separate-errors", log.separate_errors);
    out.flag("logasap", log.as_soon_as_possible);
    out.flag("tcplog", log.style == SessionLog::Style::tcp);
    if (log.style == SessionLog::Style::custom) out.fact("log-format", written(*log.format));
    if (log.error_format) out.fact("error-log-format", written(**log.error_format));
    if (log.structured_data) out.fact("log-format-sd", written(**log.structured_data));
}

void stats(Writer& out, const StatsPage& page) {
    if (page.page) out.fact("stats uri", page.uri);
    if (page.metrics_path)
        out.fact("metrics", quoted(*page.metrics_path) + (page.metrics_prefix ? " and below" : ""));
    if (page.refresh) out.fact("stats refresh", format_time(*page.refresh));
    out.text("stats realm", page.realm);
    for (const auto& user : page.users)
        out.fact("stats user", user.substr(0, user.find(':')));
    out.flag("stats hide-version", page.hide_version);
    out.flag("stats show-node", page.show_node);
    out.text("stats node", page.node);
    for (const auto& name : page.scope)
        out.fact("stats scope", name);
    for (const PageRule& rule : page.rules)
        out.fact("stats rule", words(rule));
    for (const Condition& condition : page.admin)
        out.fact("stats admin", words(condition));
    out.flag("stats show-legends", page.show_legends);
    out.text("stats description", page.description);
}

void check(Writer& out, const Check& check) {
    for (const std::string& line : words(check))
        out.fact("check", line);
}

std::string balance(const Backend& backend) {
    static constexpr const char* kinds[] = {"roundrobin", "static-rr", "leastconn",
                                            "first",      "source",    "random"};
    const std::string name = kinds[static_cast<int>(backend.balance)];
    if (backend.balance != BalanceKind::random) return name;
    return name + "(" + std::to_string(backend.random_draws) + ")";
}

void frontend(Writer& out, const Frontend& front) {
    out.title("frontend " + front.name);
    out.fact("mode", front.mode == Frontend::Mode::tcp ? "tcp" : "http");
    out.flag("disabled", front.disabled);
    for (const auto& bind : front.binds)
        out.fact("bind", words(bind));
    for (const std::string& line : words(front.rules))
        out.fact("rule", line);
    out.time("inspect-delay", front.rules.inspect_delay);
    if (front.default_backend) out.fact("default_backend", *front.default_backend);
    if (front.stats) stats(out, *front.stats);
    out.number("maxconn", front.maxconn);
    out.time("timeout client", front.client_timeout);
    out.time("timeout client-fin", front.client_fin_timeout);
    keepalive(out, front.keepalive);
    logs(out, front.logs);
    session_log(out, front.session_log);
    out.flag("socket-stats", front.count_listeners);
}

void backend(Writer& out, const Backend& back) {
    out.title("backend " + back.name);
    out.flag("disabled", back.disabled);
    out.fact("balance", balance(back));
    if (back.hash.consistent || back.hash.avalanche)
        out.fact("hash-type", std::string(back.hash.consistent ? "consistent" : "map-based") +
                                  (back.hash.avalanche ? " avalanche" : ""));
    out.number("hash-balance-factor", back.hash_balance_factor);
    for (const auto& server : back.servers)
        out.fact("server", words(server));
    for (const std::string& line : words(back.rules))
        out.fact("rule", line);
    out.time("inspect-delay", back.rules.inspect_delay);
    check(out, back.check);
    out.number("fullconn", back.fullconn);
    out.fact("retries", std::to_string(back.retries));
    out.flag("redispatch", back.redispatch);
    if (back.max_lag.bytes) out.fact("max-lag bytes", std::to_string(*back.max_lag.bytes));
    if (back.max_lag.time) out.fact("max-lag", format_time(*back.max_lag.time));
    out.flag("no-hold", !back.hold);
    if (back.hold_rate) out.fact("hold-rate", std::to_string(*back.hold_rate));
    out.flag("allbackups", back.all_backups);
    out.flag("log-health-checks", back.log_health_checks);
    out.time("timeout connect", back.connect_timeout);
    out.time("timeout server", back.server_timeout);
    out.time("timeout server-fin", back.server_fin_timeout);
    out.time("timeout tunnel", back.tunnel_timeout);
    out.time("timeout queue", back.queue_timeout);
    out.time("timeout check", back.check_timeout);
    keepalive(out, back.keepalive);
    logs(out, back.logs);
}

void resolvers(Writer& out, const Resolvers& section) {
    out.title("resolvers " + section.name);
    for (const auto& server : section.nameservers)
        out.fact("nameserver",
                 server.name + (server.tcp ? " tcp " : " udp ") + server.address.text());
    out.flag("parse-resolv-conf", section.system_file);
    out.time("timeout resolve", section.resolve);
    out.time("timeout retry", section.retry);
    out.number("resolve_retries", section.tries);
    out.number("accepted_payload_size", section.payload);
    out.time("hold nx", section.hold_nx);
    out.time("hold refused", section.hold_refused);
    out.time("hold timeout", section.hold_timeout);
    out.time("hold other", section.hold_other);
    out.time("hold obsolete", section.hold_obsolete);
}

void userlist(Writer& out, const Userlist& section) {
    out.title("userlist " + section.name);
    for (const User& user : section.users) {
        std::string text = user.name + (user.hashed ? " hashed" : " in clear");
        for (const std::string& group : user.groups)
            text += " group " + group;
        out.fact("user", text);
    }
}

void global(Writer& out, const Global& settings) {
    out.title("global");
    out.number("maxconn", settings.maxconn);
    if (settings.threads) out.number("nbthread", *settings.threads);
    out.flag("daemon", settings.daemon);
    out.flag("quiet", settings.quiet);
    out.text("user", settings.user);
    out.text("group", settings.group);
    out.text("pidfile", settings.pid_file);
    out.text("node", settings.node);
    out.text("description", settings.description);
    out.time("hard-stop-after", settings.hard_stop_after);
    for (const auto& bind : settings.stats_sockets)
        out.fact("stats socket", words(bind) + " level " + bind.level.value_or("operator"));
    if (!settings.stats_sockets.empty()) {
        out.time("stats timeout", settings.stats_timeout);
        out.number("stats maxconn", settings.stats_maxconn);
    }
    logs(out, settings.logs);
}

}  // namespace

std::string quoted(const std::string& value) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string out = "\"";
    for (const char c : value) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < ' ' || byte == 0x7f)
            out += std::string("\\x") + digits[byte >> 4] + digits[byte & 15];
        else
            out += (c == '"' || c == '\\') ? std::string("\\") + c : std::string(1, c);
    }
    return out + "\"";
}

std::string dump(const Config& config) {
    Writer out;
    global(out, config.global);
    for (const auto& section : config.resolvers)
        if (section.at.line > 0) resolvers(out, section);
    for (const auto& section : config.userlists)
        userlist(out, section);
    for (const auto& front : config.frontends)
        frontend(out, front);
    for (const auto& back : config.backends)
        backend(out, back);
    return out.take();
}

}  // namespace pgsteer::config
