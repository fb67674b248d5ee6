#include "health/change_line.h"

#include <fmt/format.h>

#include "base/units.h"

namespace pgsteer::health {
namespace {

// The info comes from a stranger: it must not break out of its quotes or its line.
std::string quoted(const std::string& info) {
    std::string text;
    for (const char c : info) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f)
            text += ' ';
        else
            text += c == '"' ? '\'' : c;
    }
    return "\"" + text + "\"";
}

std::string gist_of(const Judgement& last) {
    std::string text = ", reason: " + last.words;
    if (last.tells_code) text += fmt::format(", code: {}", last.code);
    if (last.tells_info) text += ", info: " + quoted(last.info);
    return text;
}

std::string check_gist(const ServerState& server) {
    return gist_of(server.last);
}

std::string reason_of(const Judgement& last, Duration latency) {
    const auto ms = std::chrono::duration_cast<milliseconds>(latency).count();
    return gist_of(last) + fmt::format(", check duration: {}ms", ms);
}

std::string check_reason(const ServerState& server) {
    return reason_of(server.last, server.latency);
}

// An agent's answer is told as HAProxy reads it, and has the code 0.
std::string agent_words(const ServerState& server) {
    Judgement last = server.last_agent;
    last.tells_code = last.tells_info = true;
    if (!server.agent.why.empty()) last.info = server.agent.why;
    return reason_of(last, server.agent_latency);
}

// With `option log-health-checks` the agent's own line has the reason.
std::string agent_reason(const ServerState& server) {
    return server.backend->log_health_checks ? "" : agent_words(server);
}

std::string lag_words(const Lag& lag) {
    std::string words = "lagging";
    if (lag.bytes) words += fmt::format(" {} bytes", *lag.bytes);
    if (lag.time) words += fmt::format("{} {}", lag.bytes ? "," : "", format_time(*lag.time));
    return words + " behind";
}

// What HAProxy does not know: why a server whose checks are content gets no session all the same.
std::string reason(const ServerState& server) {
    using routing::Cause;
    switch (server.decided.cause) {
        case Cause::old_timeline:
        case Cause::other_system:
        case Cause::two_primaries:
            return ", reason: fenced: " + server.standing_words;
        case Cause::election_open:
        case Cause::behind:
            return ", reason: " + server.standing_words;
        case Cause::silent:
            return ", reason: its node is silent, info: " + quoted(server.node->reason);
        case Cause::unreachable:
            return fmt::format(", reason: its checks pass, but connects to it fail, info: {}",
                               quoted(server.connect_error));
        case Cause::lagging:
            return ", reason: " + lag_words(server.lag);
        case Cause::never_judged:
            return ", reason: not checked yet";
        case Cause::unresolved:
            return " (" + server.unresolved_why + ")";
        case Cause::maintenance:
            return "";
        case Cause::draining:
            return server.last.conditional ? check_reason(server) : "";
        default:
            if (server.tracked != nullptr)
                return fmt::format(" via {}/{}", server.tracked->backend->name,
                                   server.tracked->config->name);
            if (server.agent.down || server.moved_by_agent) return agent_reason(server);
            if (!server.config->check) return server.agent.why.empty() ? "" : agent_reason(server);
            // With `option log-health-checks` the check's own line has the reason.
            return server.backend->log_health_checks ? "" : check_reason(server);
    }
}

std::string_view became(const ServerState& server, bool up) {
    if (server.decided.cause == routing::Cause::draining)
        return server.last.conditional ? "is stopping" : "enters drain state";
    if (server.decided.cause == routing::Cause::maintenance ||
        server.decided.cause == routing::Cause::unresolved)
        return "is going DOWN for maintenance";
    return up ? "is UP" : "is DOWN";
}

}  // namespace

std::string state_line(const ServerState& server, bool up, const ProxyCount& count) {
    const std::string_view on_backup =
        count.active == 0 && count.backup > 0 ? " Running on backup." : "";
    const std::string counts = fmt::format("{} active and {} backup servers {}.{}", count.active,
                                           count.backup, up ? "online" : "left", on_backup);
    const std::string sessions =
        up ? fmt::format("0 sessions requeued, {} total in queue.", count.waiting)
           : fmt::format("{} sessions active, 0 requeued, {} remaining in queue.", count.sessions,
                         count.waiting);
    return fmt::format("{}Server {}/{} {}{}. {} {}", server.config->backup ? "Backup " : "",
                       server.backend->name, server.config->name, became(server, up),
                       reason(server), counts, sessions);
}

std::string state_gist(const ServerState& server, bool up) {
    return fmt::format("{} {}{}", became(server, up), routing::word(server.decided.cause),
                       check_gist(server));
}

std::string check_line(const ServerState& server) {
    return fmt::format("Health check for {}server {}/{} {}{}, status: {}.",
                       server.config->backup ? "backup " : "", server.backend->name,
                       server.config->name, server.last.passed ? "succeeded" : "failed",
                       check_reason(server), server.rise_fall.counted());
}

std::string agent_line(const ServerState& server) {
    const bool passed = server.last_agent.passed && !server.agent.down;
    return fmt::format("Agent check for {}server {}/{} {}{}, status: {}/1 {}.",
                       server.config->backup ? "backup " : "", server.backend->name,
                       server.config->name, passed ? "succeeded" : "failed", agent_words(server),
                       server.agent.down ? 0 : 1, server.agent.down ? "DOWN" : "UP");
}

std::string vouched_line(const ServerState& server, const Judgement& failed) {
    return fmt::format(
        "Server {}/{}: its checks fail ({}, info: {}), but PostgreSQL itself takes connections; it "
        "stays {} as it said last. Look after its status answerer.",
        server.backend->name, server.config->name, failed.words, quoted(failed.info),
        word(server.node->role));
}

std::string no_server_line(const config::Backend& backend) {
    return fmt::format("proxy {} has no server available!", backend.name);
}

}  // namespace pgsteer::health
