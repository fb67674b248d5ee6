// The global keywords of HAProxy 2.6 that pgsteer has no use for, with the reason.
#include "config/keywords.h"

namespace pgsteer::config {
namespace {

constexpr std::string_view no_tls = "OpenSSL's own default holds";
constexpr std::string_view counted = "'maxconn' counts TLS sessions, too";
constexpr std::string_view no_buffers = "pgsteer sizes its buffers itself";
constexpr std::string_view no_loop = "pgsteer's relay has its own event loop";
constexpr std::string_view no_web = "there is no HTTP to relay";
constexpr std::string_view no_lua = "pgsteer runs no Lua";
constexpr std::string_view no_devices = "pgsteer detects no devices";
constexpr std::string_view no_variables = "there are no rules to read variables";
constexpr std::string_view no_rates = "session rates are not limited";
constexpr std::string_view system_calls = "the kernel's epoll is used";
constexpr std::string_view remove_it = "remove the line";

constexpr Row global(std::string_view name, std::string_view reason) {
    return inert_row(name, in_global, reason);
}

constexpr Row rows[] = {
    global("51degrees-cache-size", no_devices),
    global("51degrees-data-file", no_devices),
    global("51degrees-property-name-list", no_devices),
    global("51degrees-property-separator", no_devices),
    global("busy-polling", no_loop),
    global("close-spread-time", "sessions end when their clients do"),
    global("cluster-secret", no_web),
    global("cpu-map", "the kernel places the threads"),
    global("debug", "use the flag -d"),
    refused_row("default-path", in_global, "paths are taken from where pgsteer is started",
                "write whole paths"),
    global("deviceatlas-json-file", no_devices),
    global("deviceatlas-log-level", no_devices),
    global("deviceatlas-properties-cookie", no_devices),
    global("deviceatlas-separator", no_devices),
    global("expose-experimental-directives", "there are none"),
    refused_row("fd-hard-limit", in_global, "the descriptor limit is the service's",
                "set it where pgsteer is started"),
    global("grace", "sessions end when their clients do"),
    global("h1-accept-payload-with-any-method", no_web),
    global("h1-case-adjust", no_web),
    global("h1-case-adjust-file", no_web),
    global("h2-workaround-bogus-websocket-clients", no_web),
    global("httpclient.resolvers.id", no_web),
    global("httpclient.resolvers.prefer", no_web),
    global("httpclient.ssl.ca-file", no_web),
    global("httpclient.ssl.verify", no_web),
    global("insecure-fork-wanted", "'external-check' is enough"),
    global("insecure-setuid-wanted", "pgsteer starts no program"),
    global("issuers-chain-path", no_tls),
    refused_row("lua-load", in_global, no_lua, remove_it),
    refused_row("lua-load-per-thread", in_global, no_lua, remove_it),
    global("lua-prepend-path", no_lua),
    global("maxcompcpuusage", no_web),
    global("maxcomprate", no_web),
    refused_row("maxconnrate", in_global, no_rates, "use 'maxconn'"),
    global("maxpipes", "bytes are copied, not spliced"),
    refused_row("maxsessrate", in_global, no_rates, "use 'maxconn'"),
    global("maxsslconn", counted),
    global("maxsslrate", no_rates),
    global("maxzlibmem", no_web),
    global("nbproc", "pgsteer is one process"),
    global("no-memory-trimming", no_buffers),
    global("noepoll", system_calls),
    global("noevports", system_calls),
    global("nogetaddrinfo", "names are resolved by the system"),
    global("nokqueue", system_calls),
    global("nopoll", system_calls),
    global("noreuseport", "each relay thread has its own listening socket"),
    global("nosplice", "bytes are copied, not spliced"),
    global("numa-cpu-mapping", "the kernel places the threads"),
    global("pp2-never-send-local", "the PROXY protocol is never sent"),
    global("profiling.memory", "use perf"),
    global("profiling.tasks", "use perf"),
    global("set-dumpable", "the service manager decides about core files"),
    global("set-var", no_variables),
    global("set-var-fmt", no_variables),
    global("ssl-dh-param-file", no_tls),
    global("ssl-engine", no_tls),
    global("ssl-load-extra-del-ext", no_tls),
    global("ssl-load-extra-files", no_tls),
    global("ssl-mode-async", no_tls),
    global("ssl-propquery", no_tls),
    global("ssl-provider", no_tls),
    global("ssl-provider-path", no_tls),
    global("ssl-skip-self-issued-ca", no_tls),
    global("strict-limits", "limits that cannot be met are said at start"),
    global("thread-group", "there is one group of relay threads"),
    global("thread-groups", "there is one group of relay threads"),
    global("tune.buffers.limit", no_buffers),
    global("tune.buffers.reserve", no_buffers),
    global("tune.bufsize", no_buffers),
    global("tune.comp.maxlevel", no_web),
    global("tune.fail-alloc", no_buffers),
    global("tune.fd.edge-triggered", no_loop),
    global("tune.h2.header-table-size", no_web),
    global("tune.h2.initial-window-size", no_web),
    global("tune.h2.max-concurrent-streams", no_web),
    global("tune.h2.max-frame-size", no_web),
    global("tune.http.cookielen", no_web),
    global("tune.http.logurilen", no_web),
    global("tune.http.maxhdr", no_web),
    global("tune.idle-pool.shared", no_web),
    global("tune.idletimer", no_web),
    global("tune.listener.multi-queue", no_loop),
    global("tune.lua.forced-yield", no_lua),
    global("tune.lua.maxmem", no_lua),
    global("tune.lua.service-timeout", no_lua),
    global("tune.lua.session-timeout", no_lua),
    global("tune.lua.task-timeout", no_lua),
    global("tune.maxaccept", no_loop),
    global("tune.maxpollevents", no_loop),
    global("tune.maxrewrite", no_web),
    global("tune.pattern.cache-size", no_variables),
    global("tune.peers.max-updates-at-once", "there are no peers"),
    global("tune.pipesize", "bytes are copied, not spliced"),
    global("tune.pool-high-fd-ratio", no_web),
    global("tune.pool-low-fd-ratio", no_web),
    global("tune.quic.frontend.conn-tx-buffers.limit", no_web),
    global("tune.quic.frontend.max-idle-timeout", no_web),
    global("tune.quic.frontend.max-streams-bidi", no_web),
    global("tune.quic.retry-threshold", no_web),
    global("tune.rcvbuf.client", no_buffers),
    global("tune.rcvbuf.server", no_buffers),
    global("tune.recv_enough", no_buffers),
    global("tune.runqueue-depth", no_loop),
    global("tune.sched.low-latency", no_loop),
    global("tune.sndbuf.client", no_buffers),
    global("tune.sndbuf.server", no_buffers),
    global("tune.ssl.cachesize", no_tls),
    global("tune.ssl.capture-buffer-size", no_tls),
    global("tune.ssl.capture-cipherlist-size", no_tls),
    global("tune.ssl.default-dh-param", no_tls),
    global("tune.ssl.force-private-cache", no_tls),
    global("tune.ssl.hard-maxrecord", no_tls),
    global("tune.ssl.keylog", no_tls),
    global("tune.ssl.lifetime", no_tls),
    global("tune.ssl.maxrecord", no_tls),
    global("tune.ssl.ssl-ctx-cache-size", no_tls),
    global("tune.vars.check-max-size", no_variables),
    global("tune.vars.global-max-size", no_variables),
    global("tune.vars.proc-max-size", no_variables),
    global("tune.vars.reqres-max-size", no_variables),
    global("tune.vars.sess-max-size", no_variables),
    global("tune.vars.txn-max-size", no_variables),
    global("tune.zlib.memlevel", no_web),
    global("tune.zlib.windowsize", no_web),
    global("wurfl-cache-size", no_devices),
    global("wurfl-data-file", no_devices),
    global("wurfl-information-list", no_devices),
    global("wurfl-information-list-separator", no_devices),
};

}  // namespace

std::span<const Row> unused_global_rows() {
    return rows;
}

}  // namespace pgsteer::config
