// Config: the checked configuration as values, after inheritance; nobody reads the text again.
// Produced by config/resolve, immutable afterwards; read by the control thread. A `listen` section
// is here as a frontend and a backend of one name, as HAProxy shows it. Times of 0 mean "none".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/clock.h"
#include "base/log_target.h"
#include "base/outbound.h"
#include "config/check.h"
#include "config/location.h"
#include "config/naming.h"
#include "config/resolvers.h"
#include "config/rules.h"
#include "config/session_log.h"
#include "config/stats_page.h"
#include "config/stick.h"
#include "config/userlist.h"
#include "config/wire_tls.h"

namespace pgsteer::config {

// "host:port", "ip:port", "/path", "abns@name" as written; names are resolved by the router.
struct Endpoint {
    std::string host;  // name or literal, without brackets
    Port port{0};
    std::optional<Address> unix_socket;  // set for /path, unix@path and abns@name
    std::string text() const;
};

struct Bind {
    enum class Kind { any_ipv4, any_ipv6, endpoint, unix_socket, descriptor };
    Kind kind = Kind::endpoint;
    Endpoint endpoint;              // endpoint: literal or name; any_*: only the port
    std::optional<int> descriptor;  // fd@N
    bool v4v6 = false;
    bool v6only = false;
    std::optional<unsigned> mode;      // of a unix socket, octal
    std::optional<std::string> user;   // of a unix socket
    std::optional<std::string> group;  // of a unix socket
    std::optional<std::string> interface;
    std::optional<int> backlog;
    std::optional<std::string> name;
    std::optional<milliseconds> tcp_user_timeout;  // tcp-ut
    std::optional<std::uint32_t> maxconn;
    std::optional<std::string> level;  // of a stats socket: user, operator, admin
    std::uint32_t id = 0;              // of `id`; 0: not given
    bool accept_proxy = false;         // each client begins with a PROXY header
    BindTls tls;
    bool exposes_listeners = false;  // of a stats socket: `expose-fd listeners`
    Location at;
};

// judged is pgsteer's rule 1; down is the same. The others are of later HAProxys.
enum class InitState : std::uint8_t { judged, up, fully_up, down, fully_down };

// `agent-check`: a program on the node that says what it is fit for.
struct AgentCheck {
    bool enabled = false;
    std::optional<Port> port;
    std::string address;  // empty: the server's
    std::optional<milliseconds> inter;
    std::string send;
};

// What failed connects of sessions do to a server: `observe layer4`, `error-limit`, `on-error`.
struct Observe {
    enum class Action : std::uint8_t { fast_inter, fail_check, sudden_death, mark_down };
    bool connects = false;
    std::uint32_t limit = 10;  // one after the other; HAProxy's default
    Action action = Action::fail_check;
};

struct Server {
    std::string name;
    Endpoint endpoint;
    std::uint32_t id = 0;  // of `id`; 0: not given
    bool check = false;
    std::optional<std::string> check_address;  // `addr`
    std::optional<Port> check_port;            // `port`; else the endpoint's
    milliseconds inter{2000};
    std::optional<milliseconds> fast_inter;
    std::optional<milliseconds> down_inter;
    std::uint32_t rise = 2;
    std::uint32_t fall = 3;
    std::uint32_t weight = 1;   // 0..256
    std::uint32_t maxconn = 0;  // 0: no limit
    bool backup = false;
    bool disabled = false;
    std::uint32_t minconn = 0;  // after resolve maxconn where it was not set
    milliseconds slow_start{0};
    bool cut_when_down = false;        // on-marked-down shutdown-sessions
    bool cut_backups_when_up = false;  // on-marked-up shutdown-backup-sessions
    InitState init_state = InitState::judged;
    Naming naming;
    std::optional<milliseconds> tcp_user_timeout;
    std::uint32_t maxqueue = 0;  // clients that wait for it alone; 0: no limit
    bool sticks = true;          // false: `non-stick`
    ServerTls tls;
    CheckTls check_tls;
    bool check_send_proxy = false;
    Announcement announcement;  // of sessions; of checks by schedule.cpp
    Origin origin;              // after resolve its backend's source where it has none
    AgentCheck agent;
    std::string track;  // "BACKEND/SERVER" after resolve; empty: none
    Observe observe;
    Location at;

    // What its checks go to, unless they are sent elsewhere: its place where it has one.
    const std::string& home() const { return naming.place.empty() ? endpoint.host : naming.place; }
};

enum class BalanceKind { roundrobin, static_rr, leastconn, first, source, random };

// How `balance source` comes from an address to a server.
struct HashType {
    bool consistent = false;
    bool avalanche = false;
};

struct KeepaliveOptions {
    bool enabled = false;  // option clitcpka / srvtcpka / tcpka
    std::optional<seconds> idle;
    std::optional<seconds> interval;
    std::optional<std::uint32_t> count;
};

struct Frontend {
    enum class Mode { tcp, http };  // http: only with a stats page
    std::string name;
    std::uint32_t id = 0;  // HAProxy's number of the proxy, in the order of the file
    Mode mode = Mode::tcp;
    std::vector<Bind> binds;
    std::optional<std::string> default_backend;
    Location default_backend_at;
    std::optional<StatsPage> stats;
    std::uint32_t maxconn = 0;  // 0: the global limit alone
    milliseconds client_timeout{0};
    milliseconds client_fin_timeout{0};
    KeepaliveOptions keepalive;
    std::vector<log::Target> logs;
    SessionLog session_log;
    bool count_listeners = false;  // option socket-stats
    FrontRules rules;
    bool disabled = false;
    Location at;
};

// `load-server-state-from-file`: of one file for all, or of the backend's own.
enum class LoadStates : std::uint8_t { none, global, local };

// How far a standby may be behind and still get new sessions. Both: the stricter one counts.
struct MaxLag {
    std::optional<std::uint64_t> bytes;
    std::optional<milliseconds> time;
    bool given() const { return bytes || time; }
};

struct Backend {
    std::string name;
    std::uint32_t id = 0;  // as of a frontend; a `listen` section has one for both
    BalanceKind balance = BalanceKind::roundrobin;
    std::uint32_t random_draws = 2;
    HashType hash;
    std::uint32_t hash_balance_factor = 0;  // percent, above 100; 0: none
    Origin origin;                          // `source` of the section
    std::vector<Server> servers;
    std::uint32_t fullconn = 0;  // 0: a tenth of what its frontends may bring
    Check check;
    std::uint32_t retries = 3;  // HAProxy's default
    bool redispatch = false;
    bool all_backups = false;
    bool log_health_checks = false;
    MaxLag max_lag;
    bool hold = true;                        // false: option no-hold
    std::optional<std::uint32_t> hold_rate;  // held clients released a second and server
    milliseconds connect_timeout{0};
    milliseconds server_timeout{0};
    milliseconds server_fin_timeout{0};
    milliseconds tunnel_timeout{0};
    bool dispatch = false;          // its one server is of a `dispatch` line
    milliseconds queue_timeout{0};  // 0 as written or unset: the connect timeout
    milliseconds check_timeout{0};
    KeepaliveOptions keepalive;
    BackRules rules;
    std::vector<StickRule> sticks;
    std::vector<log::Target> logs;
    LoadStates load_states = LoadStates::none;
    std::string states_file;  // server-state-file-name; empty: named as the backend
    bool disabled = false;
    Location at;
};

// How checks are kept from going out at the same instants.
struct CheckSpread {
    std::uint32_t percent = 0;  // spread-checks: of an interval, by chance, up and down
    milliseconds longest{0};    // max-spread-checks: from the first server's to the last one's
};

struct Global {
    std::uint32_t maxconn = 0;     // 0: not set, the router chooses from the descriptor limit
    std::uint32_t open_files = 0;  // ulimit-n; 0: not set, as many as maxconn needs
    std::optional<std::uint32_t> threads;
    bool daemon = false;
    bool quiet = false;
    std::optional<std::string> user;
    std::optional<std::string> group;
    std::optional<std::string> root_folder;  // chroot
    Location root_folder_at;
    std::optional<std::string> pid_file;
    std::optional<std::string> node;
    std::optional<std::string> description;
    std::vector<log::Target> logs;
    milliseconds hard_stop_after{0};
    CheckSpread check_spread;
    std::vector<Bind> stats_sockets;
    milliseconds stats_timeout{10'000};   // HAProxy's default
    std::uint32_t stats_maxconn = 10;     // likewise
    bool external_check = false;          // programs may be run as checks
    bool verify_servers = true;           // false: ssl-server-verify none
    std::string ca_base;                  // of relative ca-files
    std::string crt_base;                 // of relative certificates
    tls::Defaults tls;                    // ssl-default-*
    std::string states_file;              // server-state-file; empty: none
    std::string states_base;              // folder of relative state files
    bool master = false;                  // master-worker
    bool master_outlives_worker = false;  // ... no-exit-on-failure
    // mworker-max-reloads: old workers that have seen more end at once; none: no limit.
    std::optional<std::uint32_t> most_reloads;
};

struct Config {
    Global global;
    std::vector<Frontend> frontends;
    std::vector<Backend> backends;
    std::vector<Resolvers> resolvers;
    std::vector<Userlist> userlists;
    std::vector<StickTable> tables;
};

}  // namespace pgsteer::config
