// Commands about the client's own connection: its level, its prompt, its time.
#include <fmt/format.h>

#include <algorithm>

#include "admin/command.h"
#include "base/units.h"

namespace pgsteer::admin {
namespace {

std::string lower_to_operator(Desk&, Client& client, Words) {
    client.level = std::min(client.level, Level::operate);
    return "";
}
std::string lower_to_user(Desk&, Client& client, Words) {
    client.level = Level::user;
    return "";
}
std::string prompt(Desk&, Client& client, Words) {
    client.prompt = !client.prompt;
    return "";
}
std::string quit(Desk&, Client& client, Words) {
    client.quit = true;
    return "";
}

std::string help(Desk&, Client&, Words words) {
    const std::string title = "The following commands are valid at this level:\n";
    auto rows = words.empty() ? all_commands() : near_commands(words);
    if (words.empty() || rows.empty()) return title + help_text(all_commands());
    for (const CommandRow& own : client_commands())
        if (own.name != "operator" && own.name != "user" &&
            std::find(rows.begin(), rows.end(), &own) == rows.end())
            rows.push_back(&own);
    return title + help_text(rows);
}

constexpr CommandRow rows[] = {
    {"operator", "operator", "lower the level of the current CLI session to operator", Level::user,
     lower_to_operator},
    {"user", "user", "lower the level of the current CLI session to user", Level::user,
     lower_to_user},
    {"help", "help [<command>]", "list matching or all commands", Level::user, help},
    {"prompt", "prompt", "toggle interactive mode with prompt", Level::user, prompt},
    {"quit", "quit", "disconnect", Level::user, quit},
};

}  // namespace

std::span<const CommandRow> client_commands() {
    return rows;
}

}  // namespace pgsteer::admin
