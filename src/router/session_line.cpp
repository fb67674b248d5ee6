#include "router/session_line.h"

#include <fmt/format.h>

#include <array>
#include <ctime>

namespace pgsteer::router {
namespace {

std::string date_of(WallTime at) {
    const std::time_t whole = std::chrono::system_clock::to_time_t(at);
    std::tm local{};
    ::localtime_r(&whole, &local);
    const auto ms = std::chrono::duration_cast<milliseconds>(at.time_since_epoch()).count() % 1000;
    // HAProxy's months are English whatever the locale.
    constexpr std::array<const char*, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    return fmt::format("{:02}/{}/{}:{:02}:{:02}:{:02}.{:03}", local.tm_mday,
                       months[static_cast<std::size_t>(local.tm_mon)], local.tm_year + 1900,
                       local.tm_hour, local.tm_min, local.tm_sec, ms);
}

std::string client_of(const Address& client) {
    if (!client.is_ip()) return "unix:1";  // the number is that of HAProxy's listener
    return fmt::format("{}:{}", client.host(), number(client.port()));
}

}  // namespace

std::string session_line(const routing::SessionEnded& ended, const routing::RoutingTable& table) {
    const auto state = routing::termination_state(ended.reason, ended.phase);
    return fmt::format(
        "{} [{}] {} {}/{} {}/{}/{} {} {}{} {}/{}/{}/{}/{} 0/0", client_of(ended.client),
        date_of(ended.accepted), table.at(ended.frontend).name, table.at(ended.backend).name,
        ended.has_server ? table.at(ended.server).name : "<NOSRV>", ended.waited.count(),
        ended.connecting.count(), ended.total.count(), ended.bytes_out, state.cause, state.phase,
        ended.process_sessions, ended.frontend_sessions, ended.backend_sessions,
        ended.server_sessions, ended.retries);
}

}  // namespace pgsteer::router
