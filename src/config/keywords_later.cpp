// Keywords that HAProxy got after 2.6, so that a newer file is understood: those of pgsteer's
// dialect are rows of their own elsewhere (`init-state`).
#include "config/keywords.h"

namespace pgsteer::config {
namespace {

constexpr std::string_view no_tls = "OpenSSL's own default holds";
constexpr std::string_view only_tls = "OpenSSL's own default holds";
constexpr std::string_view no_buffers = "pgsteer sizes its buffers itself";
constexpr std::string_view no_loop = "pgsteer's relay has its own event loop";
constexpr std::string_view no_web = "there is no HTTP to relay";
constexpr std::string_view no_lua = "pgsteer runs no Lua";
constexpr std::string_view no_quic = "PostgreSQL does not use QUIC";
constexpr std::string_view no_copies = "bytes are copied by the relay in one way only";
constexpr std::string_view placed = "the kernel places the threads";
constexpr std::string_view no_names = "counters are kept under names, and live as long as these do";
constexpr std::string_view own_logs = "session lines are written once, at the end";
constexpr std::string_view no_pool = "each client has a server connection of its own";
constexpr std::string_view judged = "counters and verdicts pass from process to process at reload";

constexpr Row global(std::string_view name, std::string_view reason) {
    return inert_row(name, in_global, reason);
}

constexpr Row rows[] = {
    global("anonkey", "nothing is shown that would have to be hidden"),
    global("cpu-affinity", placed),
    global("cpu-policy", placed),
    global("cpu-set", placed),
    global("dns-accept-family", "servers' 'resolve-prefer' says it"),
    global("expose-deprecated-directives", "there are none"),
    global("force-cfg-parser-pause", no_loop),
    global("harden.reject-privileged-ports.quic", no_quic),
    global("harden.reject-privileged-ports.tcp", "a client's port says nothing about it"),
    global("http-err-codes", no_web),
    global("http-fail-codes", no_web),
    global("httpclient.retries", no_web),
    global("httpclient.timeout.connect", no_web),
    global("key-base", no_tls),
    global("limited-quic", no_quic),
    global("no-quic", no_quic),
    global("ocsp-update.disable", no_tls),
    global("ocsp-update.httpproxy", no_tls),
    global("ocsp-update.maxdelay", no_tls),
    global("ocsp-update.mindelay", no_tls),
    global("ocsp-update.mode", no_tls),
    global("prealloc-fd", "the kernel's table of open files grows by itself"),
    refused_row("setcap", in_global, "pgsteer keeps no capability after it has changed its user",
                "give them to the service: AmbientCapabilities= of its unit"),
    global("shm-stats-file", judged),
    global("shm-stats-file-max-objects", judged),
    global("ssl-default-bind-client-sigalgs", no_tls),
    global("ssl-default-bind-sigalgs", no_tls),
    global("ssl-default-server-client-sigalgs", no_tls),
    global("ssl-default-server-sigalgs", no_tls),
    global("ssl-passphrase-cmd", no_tls),
    global("ssl-security-level", no_tls),
    global("stats-file", judged),
    global("thread-hard-limit", "'nbthread' is at most 64"),
    global("tune.applet.zero-copy-forwarding", no_copies),
    global("tune.bufsize.small", no_buffers),
    global("tune.disable-fast-forward", no_copies),
    global("tune.disable-zero-copy-forwarding", no_copies),
    global("tune.epoll.mask-events", no_loop),
    global("tune.glitches.kill.cpu-usage", no_web),
    global("tune.h1.be.glitches-threshold", no_web),
    global("tune.h1.fe.glitches-threshold", no_web),
    global("tune.h1.zero-copy-fwd-recv", no_web),
    global("tune.h1.zero-copy-fwd-send", no_web),
    global("tune.h2.be.glitches-threshold", no_web),
    global("tune.h2.be.initial-window-size", no_web),
    global("tune.h2.be.max-concurrent-streams", no_web),
    global("tune.h2.be.rxbuf", no_web),
    global("tune.h2.fe.glitches-threshold", no_web),
    global("tune.h2.fe.initial-window-size", no_web),
    global("tune.h2.fe.max-concurrent-streams", no_web),
    global("tune.h2.fe.max-total-streams", no_web),
    global("tune.h2.fe.rxbuf", no_web),
    global("tune.h2.zero-copy-fwd-send", no_web),
    global("tune.lua.bool-sample-conversion", no_lua),
    global("tune.lua.burst-timeout", no_lua),
    global("tune.lua.log.loggers", no_lua),
    global("tune.lua.log.stderr", no_lua),
    global("tune.max-checks-per-thread", "checks run beside the relay, on a thread of their own"),
    global("tune.max-rules-at-once", no_loop),
    global("tune.memory.hot-size", no_buffers),
    global("tune.notsent-lowat.client", no_buffers),
    global("tune.notsent-lowat.server", no_buffers),
    global("tune.pt.zero-copy-forwarding", no_copies),
    global("tune.rcvbuf.backend", no_buffers),
    global("tune.rcvbuf.frontend", no_buffers),
    global("tune.renice.runtime", "the service manager decides about priorities"),
    global("tune.renice.startup", "the service manager decides about priorities"),
    global("tune.ring.queues", own_logs),
    global("tune.sndbuf.backend", no_buffers),
    global("tune.sndbuf.frontend", no_buffers),
    global("tune.ssl.certificate-compression", no_tls),
    global("tune.ssl.keyupdate-rate-limit", no_tls),
    global("tune.ssl.ocsp-update.maxdelay", no_tls),
    global("tune.ssl.ocsp-update.mindelay", no_tls),
    global("tune.stick-counters", "there are three: sc0, sc1, sc2"),
    global("tune.takeover-other-tg-connections", no_pool),
    global("warn-blocked-traffic-after", no_loop),

    inert_row("guid", in_proxy, no_names),
    refused_row("force-be-switch", in_front, "'use_backend' skips no backend that is disabled",
                "remove the line"),
    inert_row("hash-preserve-affinity", in_back, "a client that waits goes to any fit server"),
    inert_row("log-steps", in_front, own_logs),
    inert_row("max-session-srv-conns", in_front, no_pool),
    inert_row("option accept-unsafe-violations-in-http-request", in_proxy, no_web),
    inert_row("option accept-unsafe-violations-in-http-response", in_proxy, no_web),
    inert_row("option forwarded", in_proxy, no_web),
    inert_row("option http-drop-request-trailers", in_proxy, no_web),
    inert_row("option http-drop-response-trailers", in_proxy, no_web),
    inert_row("quic-initial", in_front, no_quic),
    inert_row("timeout client-hs", in_front, no_tls),
};

constexpr OptionRow<Server> server_options_later[] = {
    inert_option<Server>("cc", 1, "the kernel chooses how congestion is controlled"),
    inert_option<Server>("check-pool-conn-name", 1, no_pool),
    inert_option<Server>("check-reuse-pool", 0, no_pool),
    inert_option<Server>("client-sigalgs", 1, only_tls),
    inert_option<Server>("guid", 1, no_names),
    inert_option<Server>("idle-ping", 1, no_pool),
    inert_option<Server>("ktls", 1, only_tls),
    inert_option<Server>("log-bufsize", 1, "log lines go to 'log' targets"),
    inert_option<Server>("no-renegotiate", 0, only_tls),
    inert_option<Server>("no-sni-auto", 0, only_tls),
    inert_option<Server>("pool-conn-name", 1, no_pool),
    inert_option<Server>("renegotiate", 0, only_tls),
    refused_option<Server>("set-proxy-v2-tlv-fmt", 1, "a PROXY header holds no parts of one's own",
                           "remove it"),
    inert_option<Server>("shard", 1, "there are no peers"),
    inert_option<Server>("sigalgs", 1, only_tls),
    inert_option<Server>("sni-auto", 0, only_tls),
    inert_option<Server>("strict-maxconn", 0, "'maxconn' is never exceeded"),
};

constexpr OptionRow<Bind> bind_options_later[] = {
    inert_option<Bind>("cc", 1, "the kernel chooses how congestion is controlled"),
    inert_option<Bind>("client-sigalgs", 1, only_tls),
    refused_option<Bind>("default-crt", 1, "the first certificate is the default", "use 'crt'"),
    inert_option<Bind>("guid-prefix", 1, no_names),
    inert_option<Bind>("idle-ping", 1, no_web),
    inert_option<Bind>("ktls", 1, only_tls),
    inert_option<Bind>("label", 1, no_names),
    inert_option<Bind>("no-alpn", 0, only_tls),
    inert_option<Bind>("no-strict-sni", 0, only_tls),
    inert_option<Bind>("ocsp-update", 1, only_tls),
    inert_option<Bind>("quic-socket", 1, no_quic),
    inert_option<Bind>("sigalgs", 1, only_tls),
    inert_option<Bind>("tls-tickets", 0, only_tls),
};

}  // namespace

std::span<const Row> later_rows() {
    return rows;
}
std::span<const OptionRow<Server>> server_later_options() {
    return server_options_later;
}
std::span<const OptionRow<Bind>> bind_later_options() {
    return bind_options_later;
}

}  // namespace pgsteer::config
