// The keywords of HAProxy 2.6's proxy sections that pgsteer has no use for (inert) or cannot keep
// what they promise (refused), with the reason.
#include "config/keywords.h"

namespace pgsteer::config {
namespace {

constexpr std::string_view no_rules = "bytes pass as they are";
constexpr std::string_view use_httpchk = "use 'option httpchk' or a plain check";
constexpr std::string_view foreign = "it does not speak PostgreSQL";
constexpr std::string_view no_web = "there is no HTTP to relay";
constexpr std::string_view no_cookie = "PostgreSQL sessions carry no cookie";
constexpr std::string_view counted = "the counters and logs are always up to date";
constexpr std::string_view no_splice = "bytes are copied, not spliced";
constexpr std::string_view at_once = "PostgreSQL's packets go at once";
constexpr std::string_view old_name = "HAProxy dropped it in 2.1";
constexpr std::string_view remove_it = "remove the line";

constexpr Row web(std::string_view name, unsigned where = in_proxy) {
    return inert_row(name, where, no_web);
}
constexpr Row no_check(std::string_view name) {
    return refused_row(name, in_back, foreign, use_httpchk);
}

constexpr Row rows[] = {
    inert_row("bind-process", in_proxy, "pgsteer is one process"),
    web("capture", in_front),
    refused_row("clitimeout", in_proxy, old_name, "use 'timeout client'"),
    web("compression"),
    refused_row("contimeout", in_proxy, old_name, "use 'timeout connect'"),
    web("declare", in_front),
    inert_row("description", in_proxy, "a comment"),
    refused_row("email-alert", in_proxy, "no mail is sent", "watch the log for state changes"),
    web("errorfile"),
    web("errorfiles"),
    web("errorloc"),
    web("errorloc302"),
    web("errorloc303"),
    refused_row("filter", in_proxy, no_rules, remove_it),
    inert_row("force-persist", in_back, no_cookie),
    inert_row("grace", in_proxy, "sessions end when their clients do"),
    web("http-error"),
    web("http-reuse", in_back),
    web("http-send-name-header", in_back),
    inert_row("ignore-persist", in_back, no_cookie),
    web("max-keep-alive-queue", in_back),
    refused_row("monitor", in_front, no_web,
                "use the stats page, or 'tcp-request connection reject if ...'"),
    inert_row("option abortonclose", in_back, "a client that has gone always frees its place"),
    web("option accept-invalid-http-request", in_front),
    web("option accept-invalid-http-response", in_back),
    inert_row("option contstats", in_front, counted),
    web("option h1-case-adjust-bogus-client", in_front),
    web("option h1-case-adjust-bogus-server", in_back),
    web("option http-keep-alive"),
    web("option http-pretend-keepalive", in_back),
    web("option http-restrict-req-hdr-names"),
    web("option http-server-close"),
    web("option http-tunnel"),
    web("option http-use-htx"),
    web("option http-use-proxy-header", in_front),
    web("option httpclose"),
    web("option idle-close-on-response", in_front),
    inert_row("option independent-streams", in_proxy, "each side has its own idle limit"),
    no_check("option ldap-check"),
    no_check("option mysql-check"),
    inert_row("option nolinger", in_proxy, "a side is reset only when the other was"),
    inert_row("option persist", in_back, no_cookie),
    no_check("option redis-check"),
    no_check("option smtpchk"),
    inert_row("option splice-auto", in_proxy, no_splice),
    inert_row("option splice-request", in_proxy, no_splice),
    inert_row("option splice-response", in_proxy, no_splice),
    no_check("option spop-check"),
    no_check("option ssl-hello-chk"),
    inert_row("option tcp-smart-accept", in_front, at_once),
    inert_row("option tcp-smart-connect", in_back, at_once),
    refused_row("option transparent", in_back, "sessions go to servers", "use 'server'"),
    inert_row("persist", in_back, no_cookie),
    refused_row("rate-limit", in_front, "session rates are not limited", "use 'maxconn'"),
    inert_row("retry-on", in_back, "only a connect is tried again"),
    refused_row("srvtimeout", in_proxy, old_name, "use 'timeout server'"),
    refused_row("tcp-response", in_back, "servers' bytes are not looked at",
                "use 'tcp-request content', or remove the line"),
    refused_row("timeout clitimeout", in_proxy, old_name, "use 'timeout client'"),
    refused_row("timeout contimeout", in_proxy, old_name, "use 'timeout connect'"),
    web("timeout http-keep-alive"),
    web("timeout http-request"),
    refused_row("timeout srvtimeout", in_proxy, old_name, "use 'timeout server'"),
    web("timeout tarpit"),
    refused_row("transparent", in_back, "sessions go to servers", "use 'server'"),
    web("unique-id-header", in_front),
    refused_row("use-fcgi-app", in_back, no_web, remove_it),
};

}  // namespace

std::span<const Row> unused_proxy_rows() {
    return rows;
}

}  // namespace pgsteer::config
