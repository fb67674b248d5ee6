#include <grp.h>
#include <pwd.h>

#include "config/keywords.h"

namespace pgsteer::config {
namespace {

constexpr auto honoured = KeywordClass::honoured;
constexpr std::uint32_t most_connections = 2'000'000'000;
constexpr std::uint32_t most_threads = 64;  // HAProxy's MAX_THREADS, and the relay's

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
    const auto value = line.count(words[0], 0, most_connections);
    if (!value) return;
    if (line.draft.global.maxconn != 0)  // as HAProxy: the first one stays
        return line.warning("already specified; the line is ignored");
    line.draft.global.maxconn = *value;
}

void threads(Line& line, Words words) {
    if (!line.arguments(words, 1, 1)) return;
    if (auto value = line.count(words[0], 1, most_threads)) line.draft.global.threads = *value;
}

void daemon(Line& line, Words words) {
    if (line.arguments(words, 0, 0)) line.draft.global.daemon = true;
}
void quiet(Line& line, Words words) {
    if (line.arguments(words, 0, 0)) line.draft.global.quiet = true;
}
void zero_warning(Line& line, Words words) {
    if (line.arguments(words, 0, 0)) line.draft.zero_warning = true;
}
// As HAProxy: of names and numbers the first one stays.
void set_identity(Line& line, const std::string& word, std::optional<std::string>& field) {
    if (field) return line.warning("already specified; the line is ignored");
    field = word;
}
void user(Line& line, Words words) {
    if (!line.arguments(words, 1, 1)) return;
    if (::getpwnam(words[0].c_str()) == nullptr)
        return line.alert("cannot find user id for '" + words[0] + "'");
    set_identity(line, words[0], line.draft.global.user);
}
void group(Line& line, Words words) {
    if (!line.arguments(words, 1, 1)) return;
    if (::getgrnam(words[0].c_str()) == nullptr)
        return line.alert("cannot find group id for '" + words[0] + "'");
    set_identity(line, words[0], line.draft.global.group);
}
void set_number(Line& line, Words words, std::optional<std::string>& field) {
    constexpr std::uint32_t highest = 4'294'967'294;  // the last one means "none" (chown(2))
    if (line.arguments(words, 1, 1) && line.count(words[0], 0, highest))
        set_identity(line, words[0], field);
}
void user_number(Line& line, Words words) {
    set_number(line, words, line.draft.global.user);
}
void group_number(Line& line, Words words) {
    set_number(line, words, line.draft.global.group);
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

void hard_stop_after(Line& line, Words words) {
    if (!line.arguments(words, 1, 1)) return;
    if (auto value = line.time(words[0])) line.draft.global.hard_stop_after = *value;
}

void external_check(Line& line, Words words) {
    line.draft.global.external_check = true;
    if (!words.empty() && words[0] != "preserve-env")
        line.alert("expects nothing or 'preserve-env' but got '" + words[0] + "'");
}

void master_worker(Line& line, Words words) {
    if (!line.arguments(words, 0, 1)) return;
    if (!words.empty() && words[0] != "no-exit-on-failure")
        return line.alert("expects nothing or 'no-exit-on-failure' but got '" + words[0] + "'");
    line.draft.global.master = true;
    line.draft.global.master_outlives_worker = !words.empty();
}
void most_reloads(Line& line, Words words) {
    if (line.arguments(words, 1, 1))
        line.draft.global.most_reloads = line.count(words[0], 0, most_connections);
}
void states_file(Line& line, Words words) {
    if (line.arguments(words, 1, 1)) line.draft.global.states_file = words[0];
}
void states_base(Line& line, Words words) {
    if (line.arguments(words, 1, 1)) line.draft.global.states_base = words[0];
}

void setenv_line(Line& line, Words words) {
    if (line.arguments(words, 2, 2)) line.draft.variables[words[0]] = words[1];
}
void presetenv_line(Line& line, Words words) {
    if (line.arguments(words, 2, 2) && !line.environment(words[0]))
        line.draft.variables[words[0]] = words[1];
}
void unsetenv_line(Line& line, Words words) {
    if (!line.arguments(words, 1, words.size())) return;
    for (const auto& name : words)
        line.draft.variables[name] = std::nullopt;
}
void resetenv_line(Line& line, Words words) {
    std::map<std::string, std::optional<std::string>> kept;
    for (const auto& name : words)
        kept[name] = line.environment(name);
    line.draft.variables = std::move(kept);
    line.draft.environment_hidden = true;
}

constexpr Row rows[] = {
    {"maxconn", in_global, honoured, maxconn, "sessions at once"},
    {"nbthread", in_global, honoured, threads, "relay threads"},
    {"daemon", in_global, honoured, daemon, "run in the background"},
    {"quiet", in_global, honoured, quiet, "say nothing at start"},
    {"user", in_global, honoured, user, "user to become"},
    {"group", in_global, honoured, group, "group to become"},
    {"pidfile", in_global, honoured, pid_file, "where to write the process id"},
    {"node", in_global, honoured, node, "node name on the stats page"},
    {"description", in_global, honoured, describe, "text on the stats page"},
    {"hard-stop-after", in_global, honoured, hard_stop_after, "longest soft stop"},
    {"uid", in_global, honoured, user_number, "user to become, by number"},
    {"gid", in_global, honoured, group_number, "group to become, by number"},
    {"zero-warning", in_global, honoured, zero_warning, "do not start when there are warnings"},
    {"external-check", in_global, honoured, external_check, "checks may run programs"},
    {"master-worker", in_global, honoured, master_worker,
     "a master process above the router, as -W; no-exit-on-failure: it outlives its worker"},
    {"mworker-max-reloads", in_global, honoured, most_reloads,
     "reloads that an old worker may outlive; then it gets SIGTERM"},
    {"server-state-file", in_global, honoured, states_file,
     "where load-server-state-from-file global reads"},
    {"server-state-base", in_global, honoured, states_base, "folder of relative state files"},
    {"setenv", in_global, honoured, setenv_line, "set a variable for the lines below"},
    {"presetenv", in_global, honoured, presetenv_line, "the same unless it is set already"},
    {"unsetenv", in_global, honoured, unsetenv_line, "forget variables for the lines below"},
    {"resetenv", in_global, honoured, resetenv_line, "forget all variables but those named"},
};

}  // namespace

std::span<const Row> global_rows() {
    return rows;
}

}  // namespace pgsteer::config
