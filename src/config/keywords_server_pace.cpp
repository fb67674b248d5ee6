// Options of `server` about how many sessions it gets while it is new, idle or full, and what its
// changes mean for others.
#include "config/keywords.h"

namespace pgsteer::config {
namespace {

constexpr auto honoured = KeywordClass::honoured;
using Text = const std::string&;
constexpr std::uint32_t most_sessions = 2'000'000'000;

template <auto field>
void set_count(Line& line, Server& server, Text text) {
    if (auto value = line.count(text, 0, most_sessions)) server.*field = *value;
}

void slow_start(Line& line, Server& server, Text text) {
    if (const auto value = line.time(text)) server.slow_start = *value;
}

void on_marked_down(Line& line, Server& server, Text text) {
    if (text != "shutdown-sessions")
        return line.alert("expects 'shutdown-sessions' but got '" + text + "'");
    server.cut_when_down = true;
}

void on_marked_up(Line& line, Server& server, Text text) {
    if (text != "shutdown-backup-sessions")
        return line.alert("expects 'shutdown-backup-sessions' but got '" + text + "'");
    server.cut_backups_when_up = true;
}

void init_state(Line& line, Server& server, Text text) {
    constexpr std::pair<std::string_view, InitState> states[] = {
        {"judged", InitState::judged},         {"up", InitState::up},
        {"fully-up", InitState::fully_up},     {"down", InitState::down},
        {"fully-down", InitState::fully_down},
    };
    for (const auto& [name, state] : states)
        if (name == text) {
            server.init_state = state;
            return;
        }
    line.alert("unknown state '" + text + "'; use judged, up, fully-up, down or fully-down");
}

constexpr OptionRow<Server> options[] = {
    {"slowstart", 1, honoured, slow_start,
     "so long after it came back its weight and maxconn grow"},
    {"minconn", 1, honoured, set_count<&Server::minconn>,
     "sessions at once while the backend has few; see fullconn"},
    {"maxqueue", 1, honoured, set_count<&Server::maxqueue>,
     "clients that wait for this server alone, by stick or use-server; more go to another; 0: any"},
    {"on-marked-down", 1, honoured, on_marked_down, "shutdown-sessions: DOWN ends its sessions"},
    {"on-marked-up", 1, honoured, on_marked_up,
     "shutdown-backup-sessions: UP ends those of all backups"},
    {"init-state", 1, honoured, init_state,
     "up: take sessions before the first check, as HAProxy, and one bad check is DOWN; fully-up: "
     "fall bad checks are; down, judged: one good check is UP; fully-down: rise good checks are"},
    refused_option<Server>("cookie", 1, "PostgreSQL sessions carry no cookie",
                           "for the same server use 'balance source'"),
    refused_option<Server>("redir", 1, "there is no HTTP to redirect", "remove it"),
};

}  // namespace

std::span<const OptionRow<Server>> server_pace_options() {
    return options;
}

}  // namespace pgsteer::config
