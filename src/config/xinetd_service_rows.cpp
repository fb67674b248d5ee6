#include <strings.h>

#include <algorithm>

#include "config/xinetd_rows.h"

namespace pgsteer::config {
namespace {

constexpr auto honoured = KeywordClass::honoured;
constexpr auto inert = KeywordClass::inert;
constexpr auto refused = KeywordClass::refused;

void id(InetLine& line, Words words) {
    line.service().id = words[0];
}

void type(InetLine& line, Words words) {
    for (const std::string& word : words) {
        if (word == "UNLISTED")
            line.service().unlisted = true;
        else if (word == "INTERNAL")
            line.service().internal = true;
        else if (word == "RPC" || word == "TCPMUX" || word == "TCPMUXPLUS" || word == "SPECIAL")
            line.not_ours("type " + word + " is not built in", "keep xinetd for this service");
        else
            line.alert("unknown type '" + word + "'; these are UNLISTED, INTERNAL");
    }
}

struct Flag {
    std::string_view name;
    bool InetService::*field;  // null: no effect
    const char* not_ours;      // null: fine
};
constexpr Flag flags[] = {
    {"REUSE", nullptr, nullptr},
    {"NORETRY", nullptr, nullptr},
    {"NOLIBWRAP", nullptr, nullptr},
    {"NODELAY", &InetService::nodelay, nullptr},
    {"KEEPALIVE", &InetService::keepalive, nullptr},
    {"NAMEINARGS", &InetService::name_in_args, nullptr},
    {"INTERCEPT", nullptr, "it is for services with wait = yes"},
    {"IDONLY", nullptr, "nobody is asked for the client's user (RFC 1413)"},
    {"SENSOR", nullptr, "a sensor shuts out whoever touches a port, checks included"},
    {"LABELED", nullptr, "SELinux labels of connections are not taken over"},
};

void read_flags(InetLine& line, Words words) {
    for (const std::string& word : words) {
        if (word == "IPv4" || word == "IPv6") {
            const int family = word == "IPv4" ? AF_INET : AF_INET6;
            if (line.service().family && *line.service().family != family)
                line.alert("IPv4 and IPv6 exclude each other; leave both out to serve both");
            line.service().family = family;
            continue;
        }
        const auto* flag = std::find_if(std::begin(flags), std::end(flags),
                                        [&](const Flag& f) { return f.name == word; });
        if (flag == std::end(flags))
            line.alert("unknown flag '" + word + "'");
        else if (flag->not_ours)
            line.not_ours("flag " + word + ": " + flag->not_ours, "remove the flag");
        else if (flag->field)
            line.service().*(flag->field) = true;
    }
}

void disable(InetLine& line, Words words) {
    if (const auto value = line.yes_or_no(words[0])) line.service().disable = *value;
}

void socket_type(InetLine& line, Words words) {
    line.service().socket_type = words[0];
    if (words[0] == "dgram" || words[0] == "raw" || words[0] == "seqpacket")
        line.not_ours("socket_type " + words[0] + " is not built in",
                      "keep xinetd for this service");
    else if (words[0] != "stream")
        line.alert("unknown socket type '" + words[0] + "'; it is stream");
}

void protocol(InetLine& line, Words words) {
    line.service().protocol = words[0];
    if (words[0] == "udp")
        line.not_ours("protocol udp is not built in", "keep xinetd for this service");
    else if (words[0] != "tcp")
        line.alert("unknown protocol '" + words[0] + "'; it is tcp");
}

void wait(InetLine& line, Words words) {
    const auto value = line.yes_or_no(words[0]);
    if (!value) return;
    line.service().wait = *value;
    if (*value)
        line.not_ours("wait = yes (a server that accepts by itself) is not built in",
                      "run that server by itself, with systemd's socket activation");
}

void server(InetLine& line, Words words) {
    if (!words[0].starts_with('/')) return line.alert("needs an absolute path");
    if (!line.draft.names.executable(words[0]))
        return line.alert("Server " + words[0] + " is not executable");
    line.service().server = words[0];
}

void server_args(InetLine& line, Words words) {
    line.service().server_args.assign(words.begin(), words.end());
}

void port(InetLine& line, Words words) {
    const auto value = parse_integer(words[0], 1, 65535);
    if (!value) return line.alert(value.error().text);
    line.service().port = static_cast<std::uint16_t>(*value);
}

void bind(InetLine& line, Words words) {
    line.service().bind = words[0];
}

void redirect(InetLine& line, Words words) {
    const auto value = parse_integer(words[1], 1, 65535);
    if (!value) return line.alert("port: " + value.error().text);
    line.service().redirect = Redirect{words[0], static_cast<std::uint16_t>(*value)};
}

void v6only(InetLine& line, Words words) {
    if (const auto value = line.yes_or_no(words[0])) line.service().v6only = *value;
}

void enabled(InetLine& line, Words words) {
    auto& list = line.entry.enabled;
    if (!list) list.emplace();
    for (const std::string& word : words)
        line.how == Assign::remove ? void(list->erase(word)) : void(list->insert(word));
}

void disabled(InetLine& line, Words words) {
    auto& list = line.entry.disabled;
    for (const std::string& word : words)
        line.how == Assign::remove ? void(list.erase(word)) : void(list.insert(word));
}

void timeout(InetLine& line, Words words) {
    if (const auto value = line.time(words[0])) line.service().timeout = *value;
}

void share(InetLine& line, Words words) {
    if (words[0] == "yes") {
        line.service().share = milliseconds(0);
    } else if (const auto value = line.time(words[0])) {
        line.service().share = *value;
    }
}

void answer(InetLine& line, Words words) {
    if (words[0] != "pgsql-status")
        return line.alert("unknown answer '" + words[0] + "'; it is pgsql-status");
    line.service().answer = words[0];
}

void conninfo(InetLine& line, Words words) {
    std::string text;
    for (const std::string& word : words)
        text += (text.empty() ? "" : " ") + word;
    line.service().conninfo = text;
}

void interval(InetLine& line, Words words) {
    const auto value = line.time(words[0]);
    if (!value) return;
    if (*value < milliseconds(5)) return line.alert("is at least 5ms");
    line.service().interval = *value;
}

constexpr InetRow rows[] = {
    {"id", in_service, 1, honoured, id, "its name in the log, if not the service's"},
    {"type", in_service, any_number, honoured, type,
     "UNLISTED: not in /etc/services; INTERNAL: built in; RPC, TCPMUX are refused"},
    {"flags", in_service, any_number, honoured, read_flags,
     "NODELAY, KEEPALIVE, NAMEINARGS, IPv4, IPv6; REUSE, NORETRY, NOLIBWRAP change nothing; "
     "INTERCEPT, IDONLY, SENSOR, LABELED are refused"},
    {"disable", in_service, 1, honoured, disable, "yes: leave this service out"},
    {"socket_type", in_service, 1, honoured, socket_type, "stream; others are refused"},
    {"protocol", in_service, 1, honoured, protocol, "tcp; others are refused"},
    {"wait", in_service, 1, honoured, wait, "no; yes is refused"},
    {"server", in_service, 1, honoured, server, "the program to run for each connection"},
    {"server_args", in_service, any_number, honoured, server_args, "its arguments, without quotes"},
    {"port", in_service, 1, honoured, port, "where to listen, if not as /etc/services says"},
    {"bind", in_both, 1, honoured, bind, "the address to listen on, if not all"},
    {"interface", in_both, 1, honoured, bind, "the same as bind"},
    {"redirect", in_service, 2, honoured, redirect, "HOST PORT to relay each connection to"},
    {"v6only", in_both, 1, honoured, v6only, "yes: IPv6 alone, not IPv4 on the same socket"},
    {"enabled", in_inet_defaults, a_set, honoured, enabled, "run these ids alone"},
    {"disabled", in_inet_defaults, a_set, honoured, disabled, "leave these ids out"},
    {"rpc_version",
     in_service,
     1,
     refused,
     nullptr,
     {},
     "RPC is not built in",
     "keep xinetd for this service"},
    {"rpc_number",
     in_service,
     1,
     refused,
     nullptr,
     {},
     "RPC is not built in",
     "keep xinetd for this service"},
    {"mdns", in_both, 1, inert, nullptr, {}, "xinetd on Linux does not announce services either"},
    {"pgsteer_timeout", in_both, 1, honoured, timeout,
     "end a server that runs longer, with its process group; the client gets a 503 if it got "
     "nothing yet"},
    {"pgsteer_share", in_both, 1, honoured, share,
     "one run answers everybody who asks meanwhile, or within this time after its start; yes: "
     "meanwhile only"},
    {"pgsteer_answer", in_service, 1, honoured, answer,
     "pgsql-status: answer from memory what PostgreSQL is, without a server"},
    {"pgsteer_conninfo", in_service, any_number, honoured, conninfo,
     "where pgsteer_answer finds PostgreSQL, as libpq's connection string"},
    {"pgsteer_interval", in_service, 1, honoured, interval,
     "how often pgsteer_answer asks PostgreSQL (50ms)"},
};

}  // namespace

std::span<const InetRow> inet_service_rows() {
    return rows;
}

}  // namespace pgsteer::config
