#include "config/keywords.h"

namespace pgsteer::config {
namespace {

constexpr auto inert = KeywordClass::inert;
constexpr auto refused = KeywordClass::refused;
constexpr auto honoured = KeywordClass::honoured;
constexpr std::uint32_t most_connections = 2'000'000'000;

constexpr std::string_view no_tls = "pgsteer passes bytes through and ends no TLS itself";
constexpr std::string_view no_tuning = "pgsteer sizes its buffers itself";
constexpr std::string_view no_stats_socket = "pgsteer has no command socket yet";

void set_text(Line& line, Words words, std::optional<std::string>& field) {
    if (line.arguments(words, 1, 1)) field = words[0];
}

void join(Line& line, Words words, std::optional<std::string>& field) {
    if (!line.arguments(words, 1, words.size())) return;
    std::string text;
    for (const auto& word : words)
        text += (text.empty() ? "" : " ") + word;
    field = text;
}

void maxconn(Line& line, Words words) {
    if (!line.arguments(words, 1, 1)) return;
    if (auto value = line.count(words[0], 0, most_connections)) line.draft.global.maxconn = *value;
}

void threads(Line& line, Words words) {
    if (!line.arguments(words, 1, 1)) return;
    if (auto value = line.count(words[0], 1, 1024)) line.draft.global.threads = *value;
}

void daemon(Line& line, Words) {
    line.draft.global.daemon = !line.negated;
}
void quiet(Line& line, Words) {
    line.draft.global.quiet = !line.negated;
}
void user(Line& line, Words words) {
    set_text(line, words, line.draft.global.user);
}
void group(Line& line, Words words) {
    set_text(line, words, line.draft.global.group);
}
void pid_file(Line& line, Words words) {
    set_text(line, words, line.draft.global.pid_file);
}
void node(Line& line, Words words) {
    set_text(line, words, line.draft.global.node);
}
void describe(Line& line, Words words) {
    join(line, words, line.draft.global.description);
}

void log_line(Line& line, Words words) {
    if (auto target = parse_log(line, words)) line.draft.global.logs.push_back(*target);
}

void log_tag(Line& line, Words words) {
    if (line.arguments(words, 1, 1)) line.draft.log_tag = words[0];
}

void hard_stop_after(Line& line, Words words) {
    if (!line.arguments(words, 1, 1)) return;
    if (auto value = line.time(words[0])) line.draft.global.hard_stop_after = *value;
}

constexpr Row rows[] = {
    {"maxconn", in_global, honoured, maxconn, "sessions at once"},
    {"nbthread", in_global, honoured, threads, "relay threads"},
    {"daemon", in_global, honoured, daemon, "run in the background"},
    {"quiet", in_global, honoured, quiet, "say nothing at start"},
    {"user", in_global, honoured, user, "user to become"},
    {"group", in_global, honoured, group, "group to become"},
    {"pidfile", in_global, honoured, pid_file, "where to write the process id"},
    {"log", in_global, honoured, log_line, "where log lines go"},
    {"log-tag", in_global, honoured, log_tag, "program name in log lines"},
    {"node", in_global, honoured, node, "node name on the stats page"},
    {"description", in_global, honoured, describe, "text on the stats page"},
    {"hard-stop-after", in_global, honoured, hard_stop_after, "longest soft stop"},
    {"stats socket", in_global, inert, nullptr, {}, no_stats_socket},
    {"stats timeout", in_global, inert, nullptr, {}, no_stats_socket},
    {"stats maxconn", in_global, inert, nullptr, {}, no_stats_socket},
    {"chroot", in_global, inert, nullptr, {}, "pgsteer resolves names while it runs"},
    {"uid", in_global, refused, nullptr, {}, "users are named", "use 'user NAME'"},
    {"gid", in_global, refused, nullptr, {}, "groups are named", "use 'group NAME'"},
    {"nbproc", in_global, inert, nullptr, {}, "pgsteer is one process"},
    {"master-worker", in_global, inert, nullptr, {}, "pgsteer reloads within its process"},
    {"log-send-hostname", in_global, inert, nullptr, {}, "syslog adds the host's name"},
    {"ulimit-n", in_global, inert, nullptr, {}, "pgsteer raises its descriptor limit itself"},
    {"cpu-map", in_global, inert, nullptr, {}, "the kernel places the threads"},
    {"spread-checks", in_global, inert, nullptr, {}, "pgsteer spreads its checks itself"},
    {"max-spread-checks", in_global, inert, nullptr, {}, "pgsteer spreads its checks itself"},
    {"ssl-default-*", in_global, inert, nullptr, {}, no_tls},
    {"ssl-*", in_global, inert, nullptr, {}, no_tls},
    {"ca-base", in_global, inert, nullptr, {}, no_tls},
    {"crt-base", in_global, inert, nullptr, {}, no_tls},
    {"tune.*", in_global, inert, nullptr, {}, no_tuning},
    {"external-check",
     in_global,
     refused,
     nullptr,
     {},
     "pgsteer starts no program for a check",
     "use 'option httpchk' or a plain check"},
    {"insecure-fork-wanted", in_global, inert, nullptr, {}, "pgsteer starts no program"},
    {"setenv",
     in_global,
     refused,
     nullptr,
     {},
     "the environment is read, not written",
     "set it where pgsteer is started"},
    {"presetenv",
     in_global,
     refused,
     nullptr,
     {},
     "the environment is read, not written",
     "set it where pgsteer is started"},
    {"lua-*", in_global, refused, nullptr, {}, "pgsteer runs no Lua", "remove the line"},
};

}  // namespace

std::span<const Row> global_rows() {
    return rows;
}

}  // namespace pgsteer::config
