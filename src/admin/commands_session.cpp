// Commands about sessions, and those that take their time.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>
#include <iterator>

#include "admin/actions.h"
#include "admin/command.h"
#include "base/units.h"

namespace pgsteer::admin {
namespace {

using routing::SessionId;
using routing::SessionLine;

std::optional<SessionId> parse_id(std::string_view text) {
    if (text.starts_with("0x")) text.remove_prefix(2);
    std::uint64_t id = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), id, 16);
    if (failed != std::errc{} || end != text.data() + text.size() || id == 0) return std::nullopt;
    return static_cast<SessionId>(id);
}

// Shifted, so that the first session of the first worker is not 0, which is no session.
SessionId shown(SessionId id) {
    return static_cast<SessionId>(static_cast<std::uint64_t>(id) + 1);
}
SessionId from_shown(SessionId id) {
    return static_cast<SessionId>(static_cast<std::uint64_t>(id) - 1);
}

std::string_view state_word(SessionLine::State state) {
    constexpr std::string_view words[] = {"starting", "waiting", "connecting",
                                          "relaying", "closing", "inspecting"};
    return words[static_cast<std::size_t>(state)];
}

std::string_view protocol(const Address& address) {
    return address.family() == AF_INET6 ? "tcpv6" : address.is_ip() ? "tcpv4" : "unix_stream";
}

std::string server_of(const routing::RoutingTable& table, const SessionLine& line) {
    return line.server ? table.at(*line.server).name : "<none>";
}

std::string age_text(Duration span) {
    return format_time(std::chrono::duration_cast<seconds>(span));
}

// HAProxy's line as far as it means something here: no tasks, analysers and stream flags.
std::string session_text(const routing::RoutingTable& table, const SessionLine& line,
                         TimePoint now) {
    return fmt::format(
        "{:#x}: proto={} src={} fe={} be={} srv={} ts=00 age={} calls=0 rate=0 cpu=0 lat=0 "
        "state={} rq[i=0,total={}] rp[i=0,total={}] idle={} scf=[fd={}] scb=[fd={}] rc={}\n",
        static_cast<std::uint64_t>(shown(line.id)), protocol(line.client),
        line.client.is_ip() ? line.client.text() : "unix:1", table.at(line.frontend).name,
        table.at(line.backend).name, server_of(table, line), age_text(now - line.accepted),
        state_word(line.state), line.bytes_in, line.bytes_out, age_text(now - line.last_activity),
        line.client_fd, line.server_fd, line.retries);
}

std::string session_details(const routing::RoutingTable& table, const SessionLine& line,
                            TimePoint now) {
    const routing::FrontendRow& front = table.at(line.frontend);
    const routing::BackendRow& back = table.at(line.backend);
    const auto began =
        std::chrono::system_clock::now() -
        std::chrono::duration_cast<std::chrono::system_clock::duration>(now - line.accepted);
    std::string text = fmt::format(
        "{:#x}: [{:%d/%b/%Y:%H:%M:%S}] id={} proto={} source={}\n"
        "  state={}, conn_retries={}, age={}, idle={}\n"
        "  frontend={} (id={} mode=tcp)\n  backend={} (id={} mode=tcp)\n",
        static_cast<std::uint64_t>(shown(line.id)),
        fmt::localtime(std::chrono::system_clock::to_time_t(began)),
        static_cast<std::uint64_t>(line.id), protocol(line.client), line.client.text(),
        state_word(line.state), line.retries, age_text(now - line.accepted),
        age_text(now - line.last_activity), front.name, routing::index_of(line.frontend) + 1,
        back.name, routing::index_of(line.backend) + 1);
    if (line.server) {
        const auto& addresses = table.at(*line.server).addresses;
        text += fmt::format("  server={} (id={}) addr={}\n", server_of(table, line),
                            routing::index_of(*line.server) + 1,
                            addresses.empty() ? "-" : addresses.front().text());
    } else {
        text += "  server=<NONE> (id=-1)\n";
    }
    return text + fmt::format("  req=(total={}) fd={}\n  res=(total={}) fd={}\n", line.bytes_in,
                              line.client_fd, line.bytes_out, line.server_fd);
}

Task<std::string> show_sess(Desk& desk, Client&, std::vector<std::string> words) {
    const bool all = !words.empty() && words[0] == "all";
    const auto only = words.empty() || all ? std::nullopt : parse_id(words[0]);
    const std::vector<SessionLine> lines = co_await desk.sessions();
    const routing::RoutingTable& table = desk.table();
    const TimePoint now = Clock::now();
    std::string text;
    for (const SessionLine& line : lines) {
        if (only && shown(line.id) != *only) continue;
        text += only || all ? session_details(table, line, now) : session_text(table, line, now);
    }
    if (!words.empty() && !all && text.empty()) co_return "Session not found.\n";
    co_return text;
}

Task<std::string> shutdown_session(Desk& desk, Client&, std::vector<std::string> words) {
    const auto id = words.empty() ? std::nullopt : parse_id(words[0]);
    if (!id) co_return "Session pointer expected (use 'show sess').\n";
    const bool ended = co_await desk.end_session(from_shown(*id));
    co_return ended ? "" : "No such session (use 'show sess').\n";
}

std::string shutdown_server(Desk& desk, Client&, Words words) {
    const auto server = find_server(desk, words.empty() ? "" : words[0]);
    if (!server) return server.error().text;
    end_sessions(desk, *server);
    return "";
}

Task<std::string> show_waiting(Desk& desk, Client&, std::vector<std::string>) {
    const std::vector<SessionLine> lines = co_await desk.sessions();
    const routing::RoutingTable& table = desk.table();
    const TimePoint now = Clock::now();
    std::string text = "# backend clients most timeout_ms\n";
    for (const routing::BackendRow& row : table.backends)
        fmt::format_to(std::back_inserter(text), "{} {} {} {}\n", row.name,
                       row.shared->total(&routing::Traffic::waiting),
                       row.shared->most(&routing::Traffic::most_waiting),
                       row.queue_timeout.count());
    for (const SessionLine& line : lines)
        if (line.state == SessionLine::State::waiting)
            fmt::format_to(std::back_inserter(text), "{:#x}: src={} fe={} be={} waited={}ms\n",
                           static_cast<std::uint64_t>(shown(line.id)), line.client.text(),
                           table.at(line.frontend).name, table.at(line.backend).name,
                           std::chrono::duration_cast<milliseconds>(now - line.accepted).count());
    co_return text;
}

// wait <delay> [srv-removable <bk>/<srv>], as HAProxy 3.0 has it.
Task<std::string> wait(Desk& desk, Client&, std::vector<std::string> words) {
    constexpr milliseconds pause{50};
    constexpr milliseconds longest{24 * 3600 * 1000};
    const auto delay = words.empty() ? Result<milliseconds>(Error{""}) : parse_time(words[0]);
    if (!delay) co_return "Usage: wait <delay> [srv-removable <backend>/<server>]\n";
    const bool condition = words.size() > 2 && words[1] == "srv-removable";
    if (words.size() > 1 && !condition) co_return "Unknown condition.\n";
    if (condition)
        if (const auto server = find_server(desk, words[2]); !server) co_return server.error().text;
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
    const TimePoint deadline = after(Clock::now(), std::min(*delay, longest));
    while (Clock::now() < deadline) {
        if (condition) {
            // It may have gone meanwhile.
            const auto server = find_server(desk, words[2]);
            const bool removable =
                !server || (desk.table().at(*server).cause == routing::Cause::maintenance &&
                            desk.table().at(*server).shared->slots.taken() == 0);
            if (removable) co_return "Done.\n";
        }
        timer.expires_at(condition ? std::min(deadline, after(Clock::now(), pause)) : deadline);
        co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    }
    co_return condition ? "Wait delay expired.\n" : "";
}

std::string set_timeout(Desk&, Client& client, Words words) {
    if (words.empty() || words[0] != "cli") return "'set timeout' only supports 'cli'.\n";
    const auto time = words.size() > 1 ? parse_time(words[1], BareNumber::is_seconds)
                                       : Result<milliseconds>(Error{""});
    if (!time || time->count() < 1) return "Invalid timeout value.\n";
    client.timeout = *time;
    return "";
}

// As the master of HAProxy answers since 2.7; its 2.6 hangs up.
Task<std::string> reload(Desk& desk, Client&, std::vector<std::string>) {
    const std::vector<std::string> errors = co_await desk.reload();
    if (errors.empty()) co_return "Success=1\n";
    std::string text = "Success=0\n--\n";
    for (const std::string& error : errors)
        text += error + "\n";
    co_return text;
}

constexpr CommandRow rows[] = {
    {"reload", "reload", "read the configuration's files again", Level::admin, nullptr, reload},
    {"set timeout", "set timeout [cli] <delay>", "change a timeout setting", Level::user,
     set_timeout},
    {"show sess", "show sess [id]",
     "report the list of current sessions or dump this exact session", Level::operate, nullptr,
     show_sess},
    {"show waiting", "show waiting", "show the clients that wait for a server", Level::operate,
     nullptr, show_waiting},
    {"shutdown session", "shutdown session [id]", "kill a specific session", Level::admin, nullptr,
     shutdown_session},
    {"shutdown sessions server", "shutdown sessions server <bk>/<srv>", "kill sessions on a server",
     Level::admin, shutdown_server},
    {"wait", "wait <delay> [<condition>]", "wait the specified delay or condition", Level::user,
     nullptr, wait},
};

}  // namespace

std::span<const CommandRow> session_commands() {
    return rows;
}

}  // namespace pgsteer::admin
