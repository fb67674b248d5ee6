// xinetd's dialect as values: what service files say, checked. Pure but for reading files and the
// system's lists of users, groups and services. Control thread, at start and reload.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "config/load.h"
#include "config/xinetd_hosts.h"

namespace pgsteer::config {

// Bounds for files that are not service files; none is near what a person writes.
inline constexpr std::size_t most_services = 1'000;
inline constexpr std::size_t most_values = 10'000;  // of one attribute
inline constexpr int most_include_depth = 16;

struct DayTime {  // minutes since midnight, both included
    int from = 0;
    int to = 0;
};

struct LogType {
    enum class Kind { none, syslog, file };
    Kind kind = Kind::syslog;
    int facility = 3 << 3;  // daemon; syslog.h's numbers
    int level = 6;          // info
    std::string file;
    std::uint64_t soft_limit = 0;  // bytes; 0: none
    std::uint64_t hard_limit = 0;
};

struct LogWhat {  // the words of log_on_success and log_on_failure
    bool pid = false, host = false, exit = false, duration = false, traffic = false;
    bool attempt = false;
    bool any() const { return pid || host || exit || duration || traffic || attempt; }
};

struct Limits {  // of a server's resources; empty: as ours
    std::optional<std::uint64_t> address_space, cpu, data, files, rss, stack;
};

struct Redirect {
    std::string host;
    std::uint16_t port = 0;
};

enum class Builtin { none, echo, discard, chargen, daytime, time };

struct InetService {
    Location at;
    std::string name;
    std::string id;
    Builtin builtin = Builtin::none;
    bool unlisted = false, internal = false;
    bool nodelay = false, keepalive = false, name_in_args = false;
    std::optional<int> family;  // flags IPv4, IPv6; empty: both
    bool v6only = false;
    bool disable = false;
    std::optional<std::string> socket_type, protocol;
    std::optional<bool> wait;
    std::optional<uid_t> uid;
    std::optional<gid_t> gid;
    std::string user_name;
    bool groups = false;
    std::optional<mode_t> umask;
    std::optional<int> nice;
    std::string server;
    std::vector<std::string> server_args;
    std::map<std::string, std::string> env;
    std::optional<std::set<std::string>> passenv;  // empty optional: everything
    std::optional<std::uint16_t> port;
    std::string bind;
    std::optional<HostList> only_from, no_access;
    std::vector<DayTime> access_times;
    std::optional<std::uint32_t> instances, per_source;  // empty: no limit
    std::uint32_t cps_most = 50;                         // xinetd's DEFAULT_CPS; 0: no limit
    seconds cps_pause{10};
    bool cps_given = false;
    double max_load = 0;  // 0: none
    LogType log;
    LogWhat log_success, log_failure;
    std::string banner, banner_success, banner_fail;
    Limits limits;
    std::optional<Redirect> redirect;

    // Ours: off unless the file says so.
    milliseconds timeout{0};            // pgsteer_timeout
    std::optional<milliseconds> share;  // pgsteer_share: how long an answer stays good
    std::string answer;                 // pgsteer_answer: "pgsql-status"
    std::string conninfo;               // pgsteer_conninfo
    milliseconds interval{50};          // pgsteer_interval
};

struct InetConfig {
    std::vector<InetService> services;  // to be run: not disabled, complete
    std::vector<std::string> off;       // ids of those that are disabled
};

struct LoadedInet {
    InetConfig config;
    std::vector<Diagnostic> diagnostics;
    KeywordUses uses;
    bool ok() const;  // no alert
};

// Names of ports, users and groups; a test brings its own.
struct SystemNames {
    struct User {
        uid_t uid = 0;
        gid_t gid = 0;
    };
    std::function<std::optional<std::uint16_t>(const std::string& name)> port;
    std::function<std::optional<User>(const std::string& name)> user;
    std::function<std::optional<gid_t>(const std::string& name)> group;
    std::function<bool(const std::string& path)> executable;
};
SystemNames system_names();

// Files, or folders read as `includedir` reads them.
LoadedInet load_inet(const std::vector<std::string>& paths, const SystemNames& names);
// For tests and fuzzing: the text of one file, whose includes are not followed.
LoadedInet load_inet_text(std::string_view text, const std::string& file_name,
                          const SystemNames& names);

// The attributes as documentation: what docs/inetd.md says is what the rows say.
std::string inet_markdown();

}  // namespace pgsteer::config
