#include "agent/answers.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace pgsteer::agent {
namespace {

using health::Role;

// Who is answered 200 on a path; everybody else gets 503. `?lag=` is not weighed: a standby's lag
// is not known here.
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

std::string_view header_word(Role role) {
    switch (role) {
        case Role::primary:
            return "primary";
        case Role::standby:
            return "standby";
        case Role::unknown:
            break;
    }
    return "unknown";
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

http::Response respond(int status, std::string body, Role role) {
    http::Response response;
    response.status = status;
    response.reason = reason_phrase(status);
    response.body = std::move(body);
    response.headers = {{"X-Pgsteer-Role", std::string(header_word(role))}};
    return response;
}

http::Response say_role(int status, Role role) {
    return respond(status, std::string(body_word(role)) + "\n", role);
}

http::Response root(Role role) {
    const int status = role == Role::primary ? 200 : role == Role::standby ? 206 : 503;
    return say_role(status, role);
}

http::Response status_page(const probe::RoleState& state, const Facts& facts) {
    const auto age = [&](TimePoint then) -> nlohmann::ordered_json {
        if (then == TimePoint::min()) return nullptr;
        return std::chrono::duration<double>(std::chrono::round<milliseconds>(facts.now - then))
            .count();
    };
    nlohmann::ordered_json page;
    page["role"] = header_word(state.role);
    page["reason"] = state.reason;
    page["timeline"] = nullptr;
    if (state.timeline) page["timeline"] = *state.timeline;
    page["lsn"] = nullptr;
    if (!state.lsn.empty()) page["lsn"] = state.lsn;
    page["server_version"] = nullptr;
    if (state.server_version != 0) page["server_version"] = state.server_version;
    page["since_seconds"] = age(state.since);
    page["asked_seconds_ago"] = age(state.asked);
    page["latency_us"] =
        std::chrono::duration_cast<std::chrono::microseconds>(state.latency).count();
    page["interval_ms"] = facts.interval.count();
    // A message in the server's own encoding must not make the page fail.
    constexpr auto replace = nlohmann::ordered_json::error_handler_t::replace;
    http::Response response = respond(200, page.dump(2, ' ', false, replace) + "\n", state.role);
    response.content_type = "application/json";
    return response;
}

}  // namespace

http::Response answer(const probe::RoleState& state, const Facts& facts,
                      const http::Request& request) {
    constexpr std::array<std::string_view, 3> methods{"GET", "HEAD", "OPTIONS"};
    if (std::find(methods.begin(), methods.end(), request.method) == methods.end()) {
        http::Response response = respond(405, "405 Method Not Allowed\n", state.role);
        response.headers.emplace_back("Allow", "GET, HEAD, OPTIONS");
        return response;
    }
    if (request.path == "/") return root(state.role);
    if (request.path == "/status") return status_page(state, facts);
    for (const PathRow& row : path_rows) {
        if (row.path != request.path) continue;
        const bool fits = (state.role == Role::primary && row.primary) ||
                          (state.role == Role::standby && row.standby);
        return say_role(fits ? 200 : 503, state.role);
    }
    return respond(404, "404 Not Found\n", state.role);
}

}  // namespace pgsteer::agent
