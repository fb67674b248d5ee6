// The runtime API's commands as rows: what a client types, who may, what it does. The transport is
// runtime_socket; what runs here knows no socket. Control thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "admin/desk.h"

namespace pgsteer::admin {

// HAProxy's levels (manual, "level" of a bind line).
enum class Level : std::uint8_t { user, operate, admin };
std::string_view word(Level level);
std::optional<Level> level_of(std::string_view word);

// One client of the socket.
struct Client {
    Level level = Level::operate;
    bool prompt = false;
    bool quit = false;
    milliseconds timeout{10'000};
};

using Words = std::span<const std::string>;

struct CommandRow {
    std::string_view name;   // the words that begin it
    std::string_view usage;  // as help shows it
    std::string_view help;
    Level level = Level::user;
    // `words`: those after the name. One of the two is there.
    std::string (*answer)(Desk& desk, Client& client, Words words) = nullptr;
    Task<std::string> (*work)(Desk& desk, Client& client, std::vector<std::string> words) = nullptr;
};

std::span<const CommandRow> show_commands();
std::span<const CommandRow> server_commands();
std::span<const CommandRow> session_commands();
std::span<const CommandRow> table_commands();
std::span<const CommandRow> client_commands();
// All, in the order of help: by name, the client's own last.
const std::vector<const CommandRow*>& all_commands();

// A line is a list of commands with ';' between them; "\;" and "\ " stand for themselves.
std::vector<std::vector<std::string>> split_line(std::string_view line);

// The row whose name the words begin with; the longest of several.
const CommandRow* find_command(Words words);
// HAProxy's answer to words that are no command: the nearest ones, or all.
std::string unknown_command(Words words, std::span<const CommandRow* const> rows = all_commands());
std::string help_text(std::span<const CommandRow* const> rows);
// Rows that a mistyped or half-typed command may have meant.
std::vector<const CommandRow*> near_commands(
    Words words, std::span<const CommandRow* const> rows = all_commands());

// Nothing: the command takes its time.
std::optional<std::string> answer_at_once(Desk& desk, Client& client, Words words);
// Runs one command and answers its text, without the empty line that follows every answer.
Task<std::string> run_command(Desk& desk, Client& client, std::vector<std::string> words);

}  // namespace pgsteer::admin
