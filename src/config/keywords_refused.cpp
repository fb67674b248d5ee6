#include "config/keywords.h"

namespace pgsteer::config {
namespace {

constexpr auto refused = KeywordClass::refused;
constexpr std::string_view no_rules = "sessions go by port, not by rules";
constexpr std::string_view per_port = "use one listen section a port";
constexpr std::string_view no_tables = "there are no stick tables";
constexpr std::string_view use_source = "use 'balance source'";
constexpr std::string_view use_httpchk = "use 'option httpchk' or a plain check";
constexpr std::string_view no_web = "there is no HTTP to relay";
constexpr std::string_view remove_it = "remove the line";

constexpr Row rows[] = {
    {"acl", in_proxy, refused, nullptr, {}, no_rules, per_port},
    {"use_backend", in_proxy, refused, nullptr, {}, no_rules, "use 'default_backend'"},
    {"use-server", in_proxy, refused, nullptr, {}, no_rules, per_port},
    {"tcp-request", in_proxy, refused, nullptr, {}, no_rules, "use pg_hba.conf or a firewall"},
    {"tcp-response", in_proxy, refused, nullptr, {}, no_rules, remove_it},
    {"tcp-check",
     in_proxy,
     refused,
     nullptr,
     {},
     "checks are HTTP or a plain connect",
     use_httpchk},
    {"stick-table", in_proxy, refused, nullptr, {}, no_tables, use_source},
    {"stick", in_proxy, refused, nullptr, {}, no_tables, use_source},
    {"server-template",
     in_proxy,
     refused,
     nullptr,
     {},
     "every server has a line of its own",
     "write one 'server' line for each"},
    {"cookie", in_proxy, refused, nullptr, {}, no_web, use_source},
    {"http-request", in_proxy, refused, nullptr, {}, no_web, remove_it},
    {"http-response", in_proxy, refused, nullptr, {}, no_web, remove_it},
    {"redirect", in_proxy, refused, nullptr, {}, no_web, remove_it},
    {"monitor-uri", in_proxy, refused, nullptr, {}, no_web, "use the stats page"},
    {"filter", in_proxy, refused, nullptr, {}, no_rules, remove_it},
    {"source", in_proxy, refused, nullptr, {}, "the kernel chooses the source address", remove_it},
    {"dispatch", in_proxy, refused, nullptr, {}, "sessions go to servers", "use 'server'"},
    {"external-check",
     in_proxy,
     refused,
     nullptr,
     {},
     "no program is started for a check",
     use_httpchk},
    {"log-format", in_proxy, KeywordClass::inert, nullptr, {}, "session lines have one form"},
    {"option external-check",
     in_proxy,
     refused,
     nullptr,
     {},
     "no program is started for a check",
     use_httpchk},
    {"option pgsql-check",
     in_proxy,
     refused,
     nullptr,
     {},
     "it tells neither primary from standby nor a sick server from a sound one",
     "use 'option httpchk'"},
    {"option tcp-check",
     in_proxy,
     refused,
     nullptr,
     {},
     "checks are HTTP or a plain connect",
     use_httpchk},
    {"option mysql-check", in_proxy, refused, nullptr, {}, "it is not PostgreSQL", use_httpchk},
    {"option redis-check", in_proxy, refused, nullptr, {}, "it is not PostgreSQL", use_httpchk},
    {"option ldap-check", in_proxy, refused, nullptr, {}, "it is not PostgreSQL", use_httpchk},
    {"option smtpchk", in_proxy, refused, nullptr, {}, "it is not PostgreSQL", use_httpchk},
    {"option ssl-hello-chk", in_proxy, refused, nullptr, {}, "it is not PostgreSQL", use_httpchk},
    {"option transparent",
     in_proxy,
     refused,
     nullptr,
     {},
     "sessions go to servers",
     "use 'server'"},
};

}  // namespace

std::span<const Row> refused_rows() {
    return rows;
}

}  // namespace pgsteer::config
