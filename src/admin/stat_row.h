// The columns of the statistics: their names, what they mean, and the values one object has of
// them. HAProxy 2.6's (stats.c, manual 9.1), and after the column "-" pgsteer's own. Every view
// prints these: CSV, typed, JSON, Prometheus. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "admin/snapshot.h"

namespace pgsteer::admin {

// clang-format off
enum class Stat : std::uint8_t {
    pxname, svname, qcur, qmax, scur, smax, slim, stot, bin, bout, dreq, dresp, ereq, econ, eresp,
    wretr, wredis, status, weight, act, bck, chkfail, chkdown, lastchg, downtime, qlimit, pid,
    iid, sid, throttle, lbtot, tracked, type, rate, rate_lim, rate_max, check_status, check_code,
    check_duration, hrsp_1xx, hrsp_2xx, hrsp_3xx, hrsp_4xx, hrsp_5xx, hrsp_other, hanafail,
    req_rate, req_rate_max, req_tot, cli_abrt, srv_abrt, comp_in, comp_out, comp_byp, comp_rsp,
    lastsess, last_chk, last_agt, qtime, ctime, rtime, ttime, agent_status, agent_code,
    agent_duration, check_desc, agent_desc, check_rise, check_fall, check_health, agent_rise,
    agent_fall, agent_health, addr, cookie, mode, algo, conn_rate, conn_rate_max, conn_tot,
    intercepted, dcon, dses, wrew, connect, reuse, cache_lookups, cache_hits, srv_icur, src_ilim,
    qtime_max, ctime_max, rtime_max, ttime_max, eint, idle_conn_cur, safe_conn_cur, used_conn_cur,
    need_conn_est, uweight, agg_server_status, agg_server_check_status, agg_check_status, own, role,
    timeline, lag_bytes, lag_ms, fenced, cause, waiting, cut, refused,
};
// clang-format on
inline constexpr std::size_t stat_count = 113;

struct StatName {
    std::string_view name, help;
};
const StatName& name_of(Stat stat);

// HAProxy's tags of a value (manual 9.3, "show stat typed"): origin, nature, scope.
using Tags = std::array<char, 4>;
struct StatValue {
    Tags tags{};
    // Nothing: the object has no such thing.
    std::variant<std::monostate, std::uint32_t, std::uint64_t, std::int32_t, std::string> value;
    bool empty() const { return value.index() == 0; }
};
std::string_view type_word(const StatValue& value);  // "u32" ...
std::string text_of(const StatValue& value);
// A number, or NaN for what is none or is not there.
double number_of(const StatValue& value);

class StatRow {
  public:
    StatValue& at(Stat stat) { return values_[static_cast<std::size_t>(stat)]; }
    const StatValue& at(Stat stat) const { return values_[static_cast<std::size_t>(stat)]; }

  private:
    std::array<StatValue, stat_count> values_;
};

// What is shown to whom: the addresses of servers and the algorithm only to operators.
struct StatOptions {
    bool legends = true;
    bool counts_in_status = false;  // "UP (1/2)" of backends: some servers are left out
};

StatRow frontend_row(const Snapshot& snapshot, const ProxyLine& frontend);
StatRow listener_row(const ProxyLine& frontend, const ListenerLine& listener,
                     const StatOptions& options = {});
StatRow backend_row(const Snapshot& snapshot, const ProxyLine& backend,
                    const StatOptions& options = {});
StatRow server_row(const Snapshot& snapshot, const ProxyLine& backend, const ServerLine& server,
                   const StatOptions& options = {});

}  // namespace pgsteer::admin
