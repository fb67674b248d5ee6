#include "agent/answers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/units.h"
#include "health/lag.h"
#include "http/percent.h"
#include "probe/http_answer.h"
#include "probe/node_json.h"

namespace pgsteer::agent {
namespace {

using health::Role;

// Who is answered 200 on a path; everybody else gets 503.
struct PathRow {
    std::string_view path;
    bool primary;
    bool standby;
};
constexpr std::array path_rows{
    PathRow{"/primary", true, false},    PathRow{"/master", true, false},
    PathRow{"/read-write", true, false}, PathRow{"/leader", true, false},
    PathRow{"/replica", false, true},    PathRow{"/read-only", true, true},
    PathRow{"/health", true, true},
};

std::string_view body_word(Role role) {
    switch (role) {
        case Role::primary:
            return "Primary";
        case Role::standby:
            return "Standby";
        case Role::unknown:
            break;
    }
    return "DB Down";
}

std::string_view reason_phrase(int status) {
    switch (status) {
        case 200:
            return "OK";
        case 206:
            return "Partial Content";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        default:
            return "Service Unavailable";
    }
}

http::Response respond(int status, std::string body) {
    http::Response response;
    response.status = status;
    response.reason = reason_phrase(status);
    response.body = std::move(body);
    return response;
}

http::Response say_role(int status, Role role) {
    return respond(status, std::string(body_word(role)) + "\n");
}

http::Response root(Role role) {
    const int status = role == Role::primary ? 200 : role == Role::standby ? 206 : 503;
    return say_role(status, role);
}

nlohmann::ordered_json status_json(const probe::RoleState& state, const Facts& facts) {
    const auto age = [&](TimePoint then) -> nlohmann::ordered_json {
        if (then == TimePoint::min()) return nullptr;
        return std::chrono::duration<double>(std::chrono::round<milliseconds>(facts.now - then))
            .count();
    };
    nlohmann::ordered_json page = probe::node_json(state.node);
    page["server_version"] = nullptr;
    if (state.server_version != 0) page["server_version"] = state.server_version;
    page["since_seconds"] = age(state.since);
    page["asked_seconds_ago"] = age(state.asked);
    page["latency_us"] =
        std::chrono::duration_cast<std::chrono::microseconds>(state.latency).count();
    page["interval_ms"] = facts.interval.count();
    return page;
}

// A message in the server's own encoding must not make the page fail.
constexpr auto replace = nlohmann::ordered_json::error_handler_t::replace;

http::Response status_page(const probe::RoleState& state, const Facts& facts) {
    http::Response response =
        respond(200, status_json(state, facts).dump(2, ' ', false, replace) + "\n");
    response.content_type = "application/json";
    return response;
}

// "lag=10MB" or "lag=10s" of a query: Patroni's, in bytes, and ours, in time.
std::optional<config::MaxLag> asked_lag(std::string_view query) {
    while (!query.empty()) {
        const std::string_view part = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(query.size(), part.size() + 1));
        if (!part.starts_with("lag=")) continue;
        config::MaxLag limit;
        const std::string_view value = part.substr(4);
        if (const auto bytes = parse_size(value))
            limit.bytes = *bytes;
        else if (const auto time = parse_time(value))
            limit.time = *time;
        if (limit.given()) return limit;
    }
    return std::nullopt;
}

// What this node itself knows of its lag: what it has received and not replayed.
bool lags_too_much(const probe::RoleState& state, std::string_view query) {
    const auto limit = asked_lag(query);
    return limit && health::share_of(health::lag_of(state.node, {}), *limit) == 0;
}

http::Response answer_path(const probe::RoleState& state, const Facts& facts,
                           const http::Request& request) {
    constexpr std::array<std::string_view, 3> methods{"GET", "HEAD", "OPTIONS"};
    if (std::find(methods.begin(), methods.end(), request.method) == methods.end()) {
        http::Response response = respond(405, "405 Method Not Allowed\n");
        response.headers.emplace_back("Allow", "GET, HEAD, OPTIONS");
        return response;
    }
    const Role role = state.node.role;
    if (request.path == "/") return root(role);
    if (request.path == "/status") return status_page(state, facts);
    for (const PathRow& row : path_rows) {
        if (row.path != request.path) continue;
        const bool fits =
            (role == Role::primary && row.primary) ||
            (role == Role::standby && row.standby && !lags_too_much(state, request.query));
        return say_role(fits ? 200 : 503, role);
    }
    return respond(404, "404 Not Found\n");
}

}  // namespace

http::Response answer(const probe::RoleState& state, const Facts& facts,
                      const http::Request& request) {
    http::Response response = answer_path(state, facts, request);
    response.headers.emplace_back(probe::node_header, probe::node_text(state.node));
    if (facts.interval > milliseconds(0))
        response.headers.emplace_back(probe::watch_header, "/watch");
    return response;
}

std::optional<http::Request> watched_check(const http::Request& request) {
    if (request.path != "/watch" || request.method != "GET") return std::nullopt;
    http::Request check;
    check.method = "OPTIONS";
    check.path = "/";
    constexpr std::string_view name = "check=";
    if (!request.query.starts_with(name)) return check;
    const std::string wanted = http::percent_decode(std::string_view(request.query).substr(6));
    const std::size_t space = wanted.find(' ');
    if (space == std::string::npos) return check;
    check.method = wanted.substr(0, space);
    check.path = wanted.substr(space + 1);
    if (const std::size_t question = check.path.find('?'); question != std::string::npos) {
        check.query = check.path.substr(question + 1);
        check.path.resize(question);
    }
    return check;
}

std::string watch_event(const probe::RoleState& state, const Facts& facts, const EventFacts& event,
                        const http::Request& check) {
    nlohmann::ordered_json data = status_json(state, facts);
    data["sequence"] = event.sequence;
    data["heartbeat_ms"] = event.heartbeat.count();
    data["age_ms"] = nullptr;
    if (state.asked != TimePoint::min())
        data["age_ms"] = std::chrono::round<milliseconds>(facts.now - state.asked).count();
    const http::Response answered = answer_path(state, facts, check);
    data["answer"] = {
        {"status", answered.status}, {"reason", answered.reason}, {"body", answered.body}};
    return fmt::format("id: {}\ndata: {}\n\n", event.sequence, data.dump(-1, ' ', true, replace));
}

}  // namespace pgsteer::agent
