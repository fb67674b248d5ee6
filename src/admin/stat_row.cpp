// Which object has which columns is HAProxy's (stats_fill_fe_stats and its siblings in src/stats.c,
// 2.6), as far as they mean something in mode tcp.
#include "admin/stat_row.h"

#include <fmt/format.h>

#include <limits>

namespace pgsteer::admin {
namespace {

using std::uint32_t;
using std::uint64_t;

constexpr Tags tags(const char (&text)[4]) {
    return {text[0], text[1], text[2], 0};
}
StatValue value(const char (&text)[4], uint32_t number) {
    return {tags(text), number};
}
StatValue counter(uint64_t number) {
    return {tags("MCP"), number};
}
StatValue gauge(uint64_t number) {
    return {tags("MGP"), static_cast<uint32_t>(number)};
}
StatValue highest(uint64_t number) {
    return {tags("MMP"), static_cast<uint32_t>(number)};
}
StatValue age(Duration span) {
    return {tags("MAP"), static_cast<uint32_t>(std::chrono::duration_cast<seconds>(span).count())};
}
StatValue downtime(Duration span) {
    return {tags("MCP"), static_cast<uint32_t>(std::chrono::duration_cast<seconds>(span).count())};
}
StatValue check_time(Duration span) {
    return {tags("MDP"),
            static_cast<uint64_t>(std::chrono::duration_cast<milliseconds>(span).count())};
}
StatValue last_session(const Numbers& numbers) {
    const std::int64_t ago = numbers.last_session ? numbers.last_session->count() : -1;
    return {tags("MAP"), static_cast<std::int32_t>(ago)};
}
StatValue average(uint64_t number) {
    return {tags("MaP"), static_cast<uint32_t>(number)};
}
StatValue text(const char (&kind)[4], std::string words) {
    return {tags(kind), std::move(words)};
}

constexpr uint32_t frontend_type = 0;
constexpr uint32_t backend_type = 1;
constexpr uint32_t server_type = 2;
constexpr uint32_t listener_type = 3;

void add_names(StatRow& row, const std::string& proxy, std::string name, uint32_t proxy_id,
               uint32_t id, uint32_t type) {
    row.at(Stat::pxname) = text("KNS", proxy);
    row.at(Stat::svname) = text("KNS", std::move(name));
    row.at(Stat::pid) = value("KGP", 1);
    row.at(Stat::iid) = value("KGS", proxy_id);
    row.at(Stat::sid) = value("KGS", id);
    row.at(Stat::type) = value("CGS", type);
    row.at(Stat::own) = text("CGS", "-");
}

void add_traffic(StatRow& row, const Numbers& numbers) {
    row.at(Stat::scur) = gauge(numbers.sessions);
    row.at(Stat::smax) = highest(numbers.most_sessions);
    row.at(Stat::stot) = counter(numbers.total);
    row.at(Stat::bin) = counter(numbers.bytes_in);
    row.at(Stat::bout) = counter(numbers.bytes_out);
    row.at(Stat::dresp) = counter(0);
    row.at(Stat::wrew) = counter(0);
    row.at(Stat::eint) = counter(0);
    row.at(Stat::cut) = counter(numbers.cut);
    row.at(Stat::refused) = counter(numbers.refused);
}

// What backends and servers have in common.
void add_connects(StatRow& row, const Numbers& numbers) {
    row.at(Stat::econ) = counter(numbers.connect_errors);
    row.at(Stat::eresp) = counter(0);
    row.at(Stat::wretr) = counter(numbers.retries);
    row.at(Stat::wredis) = counter(numbers.redispatches);
    row.at(Stat::lbtot) = counter(numbers.balanced);
    row.at(Stat::cli_abrt) = counter(numbers.client_aborts);
    row.at(Stat::srv_abrt) = counter(numbers.server_aborts);
    row.at(Stat::lastsess) = last_session(numbers);
    row.at(Stat::qtime) = average(numbers.times.queue);
    row.at(Stat::ctime) = average(numbers.times.connect);
    row.at(Stat::rtime) = average(0);
    row.at(Stat::ttime) = average(numbers.times.total);
    row.at(Stat::qtime_max) = highest(numbers.most_times.queue);
    row.at(Stat::ctime_max) = highest(numbers.most_times.connect);
    row.at(Stat::rtime_max) = highest(0);
    row.at(Stat::ttime_max) = highest(numbers.most_times.total);
    row.at(Stat::connect) = counter(numbers.attempts);
    row.at(Stat::reuse) = counter(0);
}

std::string_view word(health::FrontendAdmin::Mode mode) {
    using Mode = health::FrontendAdmin::Mode;
    return mode == Mode::open ? "OPEN" : mode == Mode::paused ? "PAUSED" : "STOP";
}

std::string code_or_word(const std::string& word, const std::string& info) {
    return word.empty() ? "" : info;
}

// Nobody is asked about a server in maintenance, so HAProxy shows no last answer.
bool paused(const health::ServerView& view) {
    return view.state.starts_with("MAINT");
}

// Of answers that were understood, and of programs, HAProxy shows a code: 0 when there is none.
bool has_code(std::string_view word) {
    return word.starts_with("L7OK") || word == "L7STS" || word.starts_with("PROC");
}

void add_check(StatRow& row, const health::ServerView& view) {
    if (!view.checked || !view.tracked.empty() || paused(view)) return;
    row.at(Stat::chkfail) = counter(view.checks_failed);
    row.at(Stat::chkdown) = counter(view.times_down);
    row.at(Stat::downtime) = downtime(view.downtime);
    const bool asked = !view.check_word.empty();
    row.at(Stat::check_status) = text("MOP", asked ? view.check_word : "INI");
    row.at(Stat::check_desc) = text("MOP", asked ? view.check_words : "Initializing");
    row.at(Stat::last_chk) = text("MOP", code_or_word(view.check_word, view.check_text));
    row.at(Stat::check_rise) = value("CGS", view.rise);
    row.at(Stat::check_fall) = value("CGS", view.fall);
    row.at(Stat::check_health) = value("CGS", view.health);
    if (!asked) return;
    if (has_code(view.check_word))
        row.at(Stat::check_code) = value("MOP", static_cast<uint32_t>(view.check_code));
    row.at(Stat::check_duration) = check_time(view.check_latency);
}

void add_agent(StatRow& row, const health::ServerView& view) {
    if (!view.agent_checked || paused(view)) return;
    const bool asked = !view.agent_word.empty();
    row.at(Stat::agent_status) = text("MOP", asked ? view.agent_word : "INI");
    row.at(Stat::agent_desc) = text("MOP", asked ? view.agent_words : "Initializing");
    row.at(Stat::last_agt) = text("MOP", code_or_word(view.agent_word, view.agent_text));
    row.at(Stat::agent_rise) = value("CGS", 1);
    row.at(Stat::agent_fall) = value("CGS", 1);
    row.at(Stat::agent_health) = value("CGS", view.agent_down ? 0 : 1);
    if (!asked) return;
    if (has_code(view.agent_word))
        row.at(Stat::agent_code) = value("MOP", static_cast<uint32_t>(view.agent_code));
    row.at(Stat::agent_duration) = check_time(view.agent_latency);
}

void add_node(StatRow& row, const ServerLine& server) {
    const health::ServerView& view = server.view;
    row.at(Stat::role) = text("SGP", std::string(health::word(view.role)));
    if (view.node && view.node->timeline)
        row.at(Stat::timeline) = value("MGP", static_cast<uint32_t>(*view.node->timeline));
    if (view.lag.bytes) row.at(Stat::lag_bytes) = {tags("MGP"), *view.lag.bytes};
    if (view.lag.time)
        row.at(Stat::lag_ms) = {tags("MGP"), static_cast<uint64_t>(view.lag.time->count())};
    row.at(Stat::fenced) = value("SGP", view.state == "FENCED" ? 1 : 0);
    row.at(Stat::cause) = text("SGP", server.cause);
}

struct Text {
    std::string operator()(std::monostate) const { return ""; }
    std::string operator()(const std::string& words) const { return words; }
    template <class Number>
    std::string operator()(Number number) const {
        return std::to_string(number);
    }
};

struct Number {
    double operator()(std::monostate) const { return std::numeric_limits<double>::quiet_NaN(); }
    double operator()(const std::string&) const { return (*this)(std::monostate{}); }
    template <class Value>
    double operator()(Value number) const {
        return static_cast<double>(number);
    }
};

}  // namespace

std::string_view type_word(const StatValue& value) {
    constexpr std::string_view words[] = {"", "u32", "u64", "s32", "str"};
    return words[value.value.index()];
}

std::string text_of(const StatValue& value) {
    return std::visit(Text{}, value.value);
}

double number_of(const StatValue& value) {
    return std::visit(Number{}, value.value);
}

StatRow frontend_row(const Snapshot&, const ProxyLine& frontend) {
    StatRow row;
    add_names(row, frontend.name, "FRONTEND", frontend.id, 0, frontend_type);
    add_traffic(row, frontend);
    row.at(Stat::slim) = value("CLP", frontend.limit);
    row.at(Stat::dreq) = counter(frontend.denied_requests);
    row.at(Stat::ereq) = counter(0);
    row.at(Stat::status) = text("SGP", std::string(word(frontend.mode)));
    row.at(Stat::rate) = value("MRP", static_cast<uint32_t>(frontend.rate));
    row.at(Stat::rate_lim) = value("CLP", 0);
    row.at(Stat::rate_max) = highest(frontend.most_rate);
    row.at(Stat::req_rate) = value("MRP", 0);
    row.at(Stat::req_rate_max) = highest(0);
    row.at(Stat::req_tot) = counter(frontend.requests);
    for (const Stat unused : {Stat::comp_in, Stat::comp_out, Stat::comp_byp, Stat::comp_rsp})
        row.at(unused) = counter(0);
    row.at(Stat::mode) = text("CGS", frontend.http ? "http" : "tcp");
    row.at(Stat::conn_rate) = row.at(Stat::rate);
    row.at(Stat::conn_rate_max) = row.at(Stat::rate_max);
    row.at(Stat::conn_tot) =
        counter(frontend.total + frontend.denied_connections + frontend.denied_sessions);
    row.at(Stat::dcon) = counter(frontend.denied_connections);
    row.at(Stat::dses) = counter(frontend.denied_sessions);
    return row;
}

StatRow listener_row(const ProxyLine& frontend, const ListenerLine& listener,
                     const StatOptions& options) {
    StatRow row;
    add_names(row, frontend.name, listener.name, frontend.id, listener.id, listener_type);
    add_traffic(row, listener);
    row.at(Stat::slim) = value("CLP", listener.limit);
    row.at(Stat::dreq) = counter(0);
    row.at(Stat::ereq) = counter(0);
    row.at(Stat::status) = text("SGP", "OPEN");
    row.at(Stat::mode) = text("CGS", "tcp");
    if (options.legends) row.at(Stat::addr) = text("CGS", listener.address);
    row.at(Stat::dcon) = counter(listener.denied_connections);
    row.at(Stat::dses) = counter(listener.denied_sessions);
    return row;
}

StatRow backend_row(const Snapshot& snapshot, const ProxyLine& backend,
                    const StatOptions& options) {
    StatRow row;
    add_names(row, backend.name, "BACKEND", backend.id, 0, backend_type);
    add_traffic(row, backend);
    add_connects(row, backend);
    row.at(Stat::qcur) = gauge(backend.waiting);
    row.at(Stat::qmax) = highest(backend.most_waiting);
    row.at(Stat::slim) = value("CLP", backend.limit);
    row.at(Stat::dreq) = counter(0);
    const bool up = backend.active + backend.backups > 0 || backend.servers.empty();
    std::string status = up ? "UP" : "DOWN";
    if (options.counts_in_status)
        status += fmt::format(" ({}/{})", backend.active + backend.backups, backend.servers.size());
    row.at(Stat::status) = text("SGP", std::move(status));
    row.at(Stat::weight) = average(backend.weight);
    row.at(Stat::uweight) = average(backend.user_weight);
    row.at(Stat::act) = gauge(backend.active);
    row.at(Stat::bck) = gauge(backend.backups);
    row.at(Stat::chkdown) = counter(backend.health.times_down);
    row.at(Stat::lastchg) = age(snapshot.at - backend.health.last_change);
    if (!backend.servers.empty()) row.at(Stat::downtime) = downtime(backend.health.downtime);
    row.at(Stat::rate) = gauge(backend.rate);
    row.at(Stat::rate_max) = gauge(backend.most_rate);
    for (const Stat unused : {Stat::comp_in, Stat::comp_out, Stat::comp_byp, Stat::comp_rsp})
        row.at(unused) = counter(0);
    row.at(Stat::mode) = text("CGS", backend.http ? "http" : "tcp");
    if (options.legends) row.at(Stat::algo) = text("CGS", backend.algorithm);
    for (const Stat gauges :
         {Stat::agg_server_status, Stat::agg_server_check_status, Stat::agg_check_status})
        row.at(gauges) = gauge(0);
    row.at(Stat::waiting) = gauge(backend.waiting);
    return row;
}

StatRow server_row(const Snapshot& snapshot, const ProxyLine& backend, const ServerLine& server,
                   const StatOptions& options) {
    const health::ServerView& view = server.view;
    StatRow row;
    add_names(row, backend.name, view.name, backend.id, server.id, server_type);
    add_traffic(row, server);
    add_connects(row, server);
    // Others wait for the backend.
    row.at(Stat::qcur) = gauge(server.waiting);
    row.at(Stat::qmax) = highest(server.most_waiting);
    if (server.limit > 0) row.at(Stat::slim) = value("CLP", server.limit);
    row.at(Stat::status) = text("SGP", server.status);
    row.at(Stat::weight) = average(view.user_weight);
    row.at(Stat::uweight) = average(view.user_weight);
    row.at(Stat::act) = value("SGP", server.backup ? 0 : 1);
    row.at(Stat::bck) = value("SGP", server.backup ? 1 : 0);
    row.at(Stat::lastchg) = age(snapshot.at - view.last_change);
    row.at(Stat::rate) = value("MRP", static_cast<uint32_t>(server.rate));
    row.at(Stat::rate_max) = highest(server.most_rate);
    if (!view.tracked.empty()) row.at(Stat::tracked) = text("CNS", view.tracked);
    add_check(row, view);
    add_agent(row, view);
    // "not resolved" is no address: HAProxy says nothing.
    const bool resolved = server.address.find_first_of(":/@") != std::string::npos;
    if (options.legends && resolved) row.at(Stat::addr) = text("CGS", server.address);
    row.at(Stat::mode) = text("CGS", backend.http ? "http" : "tcp");
    for (const Stat unused : {Stat::srv_icur, Stat::idle_conn_cur, Stat::safe_conn_cur})
        row.at(unused) = gauge(0);
    row.at(Stat::used_conn_cur) = gauge(server.sessions);
    row.at(Stat::need_conn_est) = gauge(server.most_sessions);
    add_node(row, server);
    return row;
}

}  // namespace pgsteer::admin
