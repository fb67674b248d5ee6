#include "router/logs.h"

#include <fmt/format.h>
#include <unistd.h>

namespace pgsteer::router {
namespace {

using config::SessionLog;
using routing::EndReason;
using routing::Moment;
using routing::SessionEnded;

// What HAProxy's `log-separate-errors` and `dontlog-normal` go by (strm_log in src/log.c).
bool has_trouble(const SessionEnded& session) {
    const bool is_fine = session.moment != Moment::ended ||
                         session.reason == EndReason::client_closed ||
                         session.reason == EndReason::server_closed;
    return !is_fine || session.redispatched || session.retries > 0;
}

bool names_targets(const config::Config& config) {
    if (!config.global.logs.empty()) return true;
    for (const config::Frontend& frontend : config.frontends)
        if (!frontend.logs.empty()) return true;
    for (const config::Backend& backend : config.backends)
        if (!backend.logs.empty()) return true;
    return false;
}

// HAProxy's levels in syslog (srv_set_stopped and its like in src/server.c); on the terminal a
// server that goes is a warning.
log::Record record_of(const health::Change& change, const health::ServerView& server) {
    using Kind = health::Change::Kind;
    log::Record record{.level = log::Level::notice, .text = change.line};
    record.event = change.kind == Kind::check              ? "check"
                   : change.kind == Kind::state            ? "server"
                   : change.kind == Kind::last_server_gone ? "no-server"
                                                           : "moved";
    if (!change.up) record.shown = log::Level::warning;
    if (change.kind == Kind::state && !change.up && change.is_loss)
        record.level = log::Level::alert;
    if (change.kind == Kind::last_server_gone) record.level = log::Level::emerg;
    record.fields = {{"backend", server.proxy}};
    if (change.kind == Kind::last_server_gone) return record;
    record.fields.push_back({"server", server.name});
    record.fields.push_back({"cause", std::string(routing::word(change.cause))});
    record.fields.push_back({"up", change.up ? "true" : "false", true});
    if (server.node) {
        record.fields.push_back({"role", std::string(health::word(server.node->role))});
        if (server.node->timeline)
            record.fields.push_back(
                {"timeline", fmt::format("{}", static_cast<std::uint32_t>(*server.node->timeline)),
                 true});
    }
    return record;
}

// A rule's word is the last one.
log::Level level_of(const SessionEnded& session, bool separates) {
    if (session.level != LineLevel::as_usual)
        return static_cast<log::Level>(static_cast<int>(session.level) - 1);
    return separates && has_trouble(session) ? log::Level::err : log::Level::info;
}

}  // namespace

Result<Logs> Logs::open(const config::Config& config, const routing::RoutingTable& table) {
    auto global = log::Outlet::open(config.global.logs);
    if (!global) return global.error();
    Logs logs;
    logs.to_terminal_ = !names_targets(config);
    for (const config::Frontend& frontend : config.frontends) {
        auto outlet = log::Outlet::open(frontend.logs);
        if (!outlet) return outlet.error();
        logs.fronts_.emplace(frontend.name, front_of(frontend, table, std::move(*outlet)));
    }
    for (const config::Backend& backend : config.backends) {
        auto outlet = log::Outlet::open(backend.logs);
        if (!outlet) return outlet.error();
        logs.backs_.emplace(backend.name, std::move(*outlet));
    }
    log::set_outlet(std::move(*global));
    return logs;
}

Logs::Front Logs::front_of(const config::Frontend& frontend, const routing::RoutingTable& table,
                           log::Outlet outlet) {
    Front front;
    front.outlet = std::move(outlet);
    front.log = frontend.session_log;
    front.form = line_form(*front.log.format, table, frontend.name);
    front.form.early = front.log.as_soon_as_possible;
    if (front.log.error_format)
        front.error_form = line_form(**front.log.error_format, table, frontend.name);
    if (front.log.structured_data)
        front.structured_form = line_form(**front.log.structured_data, table, frontend.name);
    for (LineForm* const form : {&front.form, &front.error_form, &front.structured_form})
        form->captures = frontend.rules.captures;
    for (const config::Bind& bind : frontend.binds) {
        const auto place = static_cast<std::uint32_t>(&bind - frontend.binds.data()) + 1;
        if (bind.name) front.listeners.emplace(bind.id != 0 ? bind.id : place, *bind.name);
    }
    return front;
}

void Logs::take(const SessionEnded& session, const routing::RoutingTable& table) {
    const auto found = fronts_.find(table.at(session.frontend).name);
    if (found == fronts_.end()) return;
    Front& front = found->second;
    const bool is_normal = !has_trouble(session);
    if (is_normal && !front.log.normal_sessions && session.moment != Moment::accepted) return;
    if (session.level == LineLevel::silent) return;
    const log::Sender sender = log::sender_now();
    LineFacts facts{.table = table,
                    .host = sender.host,
                    .pid = ::getpid(),
                    .log_number = front.lines,
                    .now = Clock::now()};
    if (const auto name = front.listeners.find(session.listener); name != front.listeners.end())
        facts.listener_name = name->second;
    const bool wants_text = session.moment == Moment::accepted
                                ? front.log.style == SessionLog::Style::connect
                                : !session.told;
    if (wants_text) write_text(front, session, facts);
    if (session.moment != Moment::ended || !front.outlet.any_structured()) return;
    const log::Record record{.level = level_of(session, front.log.separate_errors),
                             .text = {},
                             .event = "session",
                             .fields = session_fields(session, table)};
    log::write_traffic(front.outlet, record, log::Outlet::Audience::structured);
}

void Logs::write_text(Front& front, const SessionEnded& session, const LineFacts& facts) {
    const SessionLog& log = front.log;
    log::Record record;
    record.event = "session";
    record.level = level_of(session, log.separate_errors);
    if (session.moment == Moment::accepted) {
        record.text = connect_text(session, facts.table);
    } else if (session.reason == EndReason::no_proxy_header && session.moment == Moment::ended) {
        record.text = log.error_format ? session_text(front.error_form, session, facts)
                                       : failed_text(session, facts,
                                                     "Received something which does not look "
                                                     "like a PROXY protocol header");
    } else if (log.style == SessionLog::Style::connect && !to_terminal_) {
        return;
    } else {
        record.text = session_text(front.form, session, facts);
        ++front.lines;
    }
    if (log.structured_data)
        record.structured = session_text(front.structured_form, session, facts);
    if (to_terminal_ && log::stderr_is_journal())
        record.fields = session_fields(session, facts.table);
    if (to_terminal_) return log::write_traffic_to_stderr(record);
    log::write_traffic(front.outlet, record, log::Outlet::Audience::text);
}

void Logs::tell(const health::Change& change, const health::ServerView& server, TimePoint now) {
    const log::Record record = record_of(change, server);
    tell(server.proxy, fmt::format("{} {} {}", record.event, server.name, change.gist), record,
         now);
}

void Logs::tell(const std::string& backend, const std::string& kind, const log::Record& record,
                TimePoint now) {
    if (repeats_.may(backend + " " + kind, record, now)) log::write(backs_[backend], record);
}

void Logs::tell_sums(TimePoint now) {
    for (const log::Repeats::Summary& sum : repeats_.due(now))
        log::write(backs_[sum.kind.substr(0, sum.kind.find(' '))], sum.record);
    log::tell_losses(now);
}

}  // namespace pgsteer::router
