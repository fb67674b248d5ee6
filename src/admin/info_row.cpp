// Names, tags and meanings are HAProxy 2.6's own ("show info typed desc"), and so are the names of
// the metrics. What pgsteer has none of (TLS, compression, pipes ...) is 0.
#include "admin/info_row.h"

#include <fmt/format.h>

namespace pgsteer::admin {
namespace {

std::uint64_t whole(Duration span) {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<seconds>(span).count());
}

// HAProxy's "0d 0h00m01s".
std::string uptime_text(Duration span) {
    const auto all = whole(span);
    return fmt::format("{}d {}h{:02}m{:02}s", all / 86400, all / 3600 % 24, all / 60 % 60,
                       all % 60);
}

std::uint64_t start_second(const Snapshot& s) {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<seconds>(s.started.time_since_epoch()).count());
}

// clang-format off
constexpr InfoName names[] = {
    {0, "Name", "POS", InfoType::text, "", false,
     "Product name"},
    {1, "Version", "POS", InfoType::text, "", false,
     "Product version"},
    {2, "Release_date", "POS", InfoType::text, "", false,
     "Date of latest source code update"},
    {3, "Nbthread", "CGS", InfoType::u32, "nbthread", false,
     "Number of started threads (global.nbthread)"},
    {4, "Nbproc", "CGS", InfoType::u32, "nbproc", false,
     "Number of started worker processes (historical, always 1)"},
    {5, "Process_num", "KGP", InfoType::u32, "relative_process_id", false,
     "Relative worker process number (1)"},
    {6, "Pid", "SGP", InfoType::u32, "", false,
     "This worker process identifier for the system"},
    {7, "Uptime", "MDP", InfoType::text, "", false,
     "How long ago this worker process was started (days+hours+minutes+seconds)"},
    {8, "Uptime_sec", "MDP", InfoType::u32, "uptime_seconds", false,
     "How long ago this worker process was started (seconds)"},
    {9, "Memmax_MB", "CLP", InfoType::u32, "", false,
     "Worker process's hard limit on memory usage in MB (-m on command line)"},
    {10, "PoolAlloc_MB", "MGP", InfoType::u32, "", false,
     "Amount of memory allocated in pools (in MB)"},
    {11, "PoolUsed_MB", "MGP", InfoType::u32, "", false,
     "Amount of pool memory currently used (in MB)"},
    {12, "PoolFailed", "MCP", InfoType::u32, "pool_failures_total", true,
     "Number of failed pool allocations since this worker was started"},
    {13, "Ulimit-n", "CLP", InfoType::u32, "max_fds", false,
     "Hard limit on the number of per-process file descriptors"},
    {14, "Maxsock", "CLP", InfoType::u32, "max_sockets", false,
     "Hard limit on the number of per-process sockets"},
    {15, "Maxconn", "CLP", InfoType::u32, "max_connections", false,
     "Hard limit on the number of per-process connections (configured or imposed by "
     "Ulimit-n)"},
    {16, "Hard_maxconn", "CLP", InfoType::u32, "hard_max_connections", false,
     "Hard limit on the number of per-process connections (imposed by Memmax_MB or "
     "Ulimit-n)"},
    {17, "CurrConns", "MGP", InfoType::u32, "current_connections", false,
     "Current number of connections on this worker process"},
    {18, "CumConns", "MCP", InfoType::u32, "connections_total", true,
     "Total number of connections on this worker process since started"},
    {19, "CumReq", "MCP", InfoType::u32, "requests_total", true,
     "Total number of requests on this worker process since started"},
    {20, "MaxSslConns", "MMP", InfoType::u32, "max_ssl_connections", false,
     "Hard limit on the number of per-process SSL endpoints (front+back), 0=unlimited"},
    {21, "CurrSslConns", "MGP", InfoType::u32, "current_ssl_connections", false,
     "Current number of SSL endpoints on this worker process (front+back)"},
    {22, "CumSslConns", "MCP", InfoType::u32, "ssl_connections_total", true,
     "Total number of SSL endpoints on this worker process since started (front+back)"},
    {23, "Maxpipes", "CLP", InfoType::u32, "max_pipes", false,
     "Hard limit on the number of pipes for splicing, 0=unlimited"},
    {24, "PipesUsed", "MGP", InfoType::u32, "pipes_used_total", true,
     "Current number of pipes in use in this worker process"},
    {25, "PipesFree", "MGP", InfoType::u32, "pipes_free_total", true,
     "Current number of allocated and available pipes in this worker process"},
    {26, "ConnRate", "MRP", InfoType::u32, "current_connection_rate", false,
     "Number of front connections created on this worker process over the last second"},
    {27, "ConnRateLimit", "CLP", InfoType::u32, "limit_connection_rate", false,
     "Hard limit for ConnRate (global.maxconnrate)"},
    {28, "MaxConnRate", "MMP", InfoType::u32, "max_connection_rate", false,
     "Highest ConnRate reached on this worker process since started (in connections per "
     "second)"},
    {29, "SessRate", "MRP", InfoType::u32, "current_session_rate", false,
     "Number of sessions created on this worker process over the last second"},
    {30, "SessRateLimit", "CLP", InfoType::u32, "limit_session_rate", false,
     "Hard limit for SessRate (global.maxsessrate)"},
    {31, "MaxSessRate", "MRP", InfoType::u32, "max_session_rate", false,
     "Highest SessRate reached on this worker process since started (in sessions per "
     "second)"},
    {32, "SslRate", "MRP", InfoType::u32, "current_ssl_rate", false,
     "Number of SSL connections created on this worker process over the last second"},
    {33, "SslRateLimit", "CLP", InfoType::u32, "limit_ssl_rate", false,
     "Hard limit for SslRate (global.maxsslrate)"},
    {34, "MaxSslRate", "MMP", InfoType::u32, "max_ssl_rate", false,
     "Highest SslRate reached on this worker process since started (in connections per "
     "second)"},
    {35, "SslFrontendKeyRate", "MGP", InfoType::u32, "current_frontend_ssl_key_rate", false,
     "Number of SSL keys created on frontends in this worker process over the last second"},
    {36, "SslFrontendMaxKeyRate", "MMP", InfoType::u32, "max_frontend_ssl_key_rate", false,
     "Highest SslFrontendKeyRate reached on this worker process since started (in SSL "
     "keys per second)"},
    {37, "SslFrontendSessionReuse_pct", "MGP", InfoType::u32, "frontend_ssl_reuse", false,
     "Percent of frontend SSL connections which did not require a new key"},
    {38, "SslBackendKeyRate", "MRP", InfoType::u32, "current_backend_ssl_key_rate", false,
     "Number of SSL keys created on backends in this worker process over the last second"},
    {39, "SslBackendMaxKeyRate", "MMP", InfoType::u32, "max_backend_ssl_key_rate", false,
     "Highest SslBackendKeyRate reached on this worker process since started (in SSL keys "
     "per second)"},
    {40, "SslCacheLookups", "MCP", InfoType::u32, "ssl_cache_lookups_total", true,
     "Total number of SSL session ID lookups in the SSL session cache on this worker "
     "since started"},
    {41, "SslCacheMisses", "MCP", InfoType::u32, "ssl_cache_misses_total", true,
     "Total number of SSL session ID lookups that didn't find a session in the SSL "
     "session cache on this worker since started"},
    {42, "CompressBpsIn", "MRP", InfoType::u32, "http_comp_bytes_in_total", true,
     "Number of bytes submitted to the HTTP compressor in this worker process over the "
     "last second"},
    {43, "CompressBpsOut", "MRP", InfoType::u32, "http_comp_bytes_out_total", true,
     "Number of bytes emitted by the HTTP compressor in this worker process over the last "
     "second"},
    {44, "CompressBpsRateLim", "CLP", InfoType::u32, "limit_http_comp", false,
     "Limit of CompressBpsOut beyond which HTTP compression is automatically disabled"},
    {47, "Tasks", "MGP", InfoType::u32, "current_tasks", false,
     "Total number of tasks in the current worker process (active + sleeping)"},
    {48, "Run_queue", "MGP", InfoType::u32, "current_run_queue", false,
     "Total number of active tasks+tasklets in the current worker process"},
    {49, "Idle_pct", "MaP", InfoType::u32, "idle_time_percent", false,
     "Percentage of last second spent waiting in the current worker thread"},
    {50, "node", "COS", InfoType::text, "", false,
     "Node name (global.node)"},
    {52, "Stopping", "MGP", InfoType::u32, "stopping", false,
     "1 if the worker process is currently stopping, otherwise zero"},
    {53, "Jobs", "MGP", InfoType::u32, "jobs", false,
     "Current number of active jobs on the current worker process (frontend connections, "
     "master connections, listeners)"},
    {54, "Unstoppable Jobs", "MGP", InfoType::u32, "unstoppable_jobs", false,
     "Current number of unstoppable jobs on the current worker process (master "
     "connections)"},
    {55, "Listeners", "MGP", InfoType::u32, "listeners", false,
     "Current number of active listeners on the current worker process"},
    {56, "ActivePeers", "MGP", InfoType::u32, "active_peers", false,
     "Current number of verified active peers connections on the current worker process"},
    {57, "ConnectedPeers", "MGP", InfoType::u32, "connected_peers", false,
     "Current number of peers having passed the connection step on the current worker "
     "process"},
    {58, "DroppedLogs", "MGP", InfoType::u32, "dropped_logs_total", true,
     "Total number of dropped logs for current worker process since started"},
    {59, "BusyPolling", "MGP", InfoType::u32, "busy_polling_enabled", false,
     "1 if busy-polling is currently in use on the worker process, otherwise zero "
     "(config.busy-polling)"},
    {60, "FailedResolutions", "MGP", InfoType::u32, "failed_resolutions", true,
     "Total number of failed DNS resolutions in current worker process since started"},
    {61, "TotalBytesOut", "MGP", InfoType::u64, "bytes_out_total", true,
     "Total number of bytes emitted by current worker process since started"},
    {62, "TotalSplicdedBytesOut", "MGP", InfoType::u64, "spliced_bytes_out_total", true,
     "Total number of bytes emitted by current worker process through a kernel pipe since "
     "started"},
    {63, "BytesOutRate", "MRP", InfoType::u64, "bytes_out_rate", false,
     "Number of bytes emitted by current worker process over the last second"},
    {64, "DebugCommandsIssued", "MGP", InfoType::u32, "", false,
     "Number of debug commands issued on this process (anything > 0 is unsafe)"},
    {65, "CumRecvLogs", "MCP", InfoType::u32, "recv_logs_total", true,
     "Total number of log messages received by log-forwarding listeners on this worker "
     "process since started"},
    {66, "Build info", "POS", InfoType::text, "build_info", false,
     "Build info"},
    {67, "Memmax_bytes", "CLP", InfoType::u32, "max_memory_bytes", false,
     "Worker process's hard limit on memory usage in byes (-m on command line)"},
    {68, "PoolAlloc_bytes", "MGP", InfoType::u64, "pool_allocated_bytes", false,
     "Amount of memory allocated in pools (in bytes)"},
    {69, "PoolUsed_bytes", "MGP", InfoType::u64, "pool_used_bytes", false,
     "Amount of pool memory currently used (in bytes)"},
    {70, "Start_time_sec", "MDP", InfoType::u32, "start_time_seconds", false,
     "Start time in seconds"},
    {71, "Tainted", "SGP", InfoType::text, "", false,
     "Experimental features used"},
};
// clang-format on

struct Given {
    std::string_view name;
    StatValue value;
};

// Without tags: the names' own are put in.
std::vector<Given> given(const Snapshot& s) {
    const auto number = [](std::uint64_t n) { return StatValue{{}, n}; };
    const auto words = [](std::string text) { return StatValue{{}, std::move(text)}; };
    return {
        {"Name", words("pgsteer")},
        {"Version", words(s.version)},
        {"Release_date", words("")},
        {"Nbthread", number(static_cast<std::uint64_t>(s.workers))},
        {"Nbproc", number(1)},
        {"Process_num", number(1)},
        {"Pid", number(static_cast<std::uint64_t>(s.pid))},
        {"Uptime", words(uptime_text(s.uptime))},
        {"Uptime_sec", number(static_cast<std::uint64_t>(whole(s.uptime)))},
        {"Ulimit-n", number(static_cast<std::uint64_t>(s.descriptors))},
        {"Maxsock", number(static_cast<std::uint64_t>(s.descriptors))},
        {"Maxconn", number(static_cast<std::uint64_t>(s.limit))},
        {"Hard_maxconn", number(static_cast<std::uint64_t>(s.hard_limit))},
        {"CurrConns", number(static_cast<std::uint64_t>(s.sessions))},
        {"CumConns", number(static_cast<std::uint64_t>(s.total))},
        {"CumReq", number(static_cast<std::uint64_t>(s.total))},
        {"ConnRate", number(static_cast<std::uint64_t>(s.rate))},
        {"MaxConnRate", number(static_cast<std::uint64_t>(s.most_rate))},
        {"SessRate", number(static_cast<std::uint64_t>(s.rate))},
        {"MaxSessRate", number(static_cast<std::uint64_t>(s.most_rate))},
        {"Idle_pct", number(100)},
        {"node", words(s.node)},
        {"Stopping", number(static_cast<std::uint64_t>(s.stopping ? 1 : 0))},
        {"Jobs", number(static_cast<std::uint64_t>(s.sessions + s.listeners))},
        {"Listeners", number(static_cast<std::uint64_t>(s.listeners))},
        {"DroppedLogs", number(static_cast<std::uint64_t>(s.lost_reports))},
        {"TotalBytesOut", number(static_cast<std::uint64_t>(s.bytes_out))},
        {"Build info", words(s.version)},
        {"Start_time_sec", number(static_cast<std::uint64_t>(start_second(s)))},
        {"Tainted", words("0")},
    };
}

}  // namespace

std::vector<InfoRow> info_rows(const Snapshot& snapshot) {
    const std::vector<Given> values = given(snapshot);
    std::vector<InfoRow> rows;
    auto next = values.begin();
    for (const InfoName& name : names) {
        InfoRow& row = rows.emplace_back(InfoRow{&name, {}});
        const bool has_value = next != values.end() && next->name == name.name;
        const StatValue value = has_value ? (next++)->value : StatValue{};
        const auto* const number = std::get_if<std::uint64_t>(&value.value);
        const std::uint64_t whole_number = number == nullptr ? 0 : *number;
        row.value.tags = {name.tags[0], name.tags[1], name.tags[2], 0};
        if (name.type == InfoType::text)
            row.value.value = text_of(value);
        else if (name.type == InfoType::u64)
            row.value.value = whole_number;
        else
            row.value.value = static_cast<std::uint32_t>(whole_number);
    }
    return rows;
}

}  // namespace pgsteer::admin
