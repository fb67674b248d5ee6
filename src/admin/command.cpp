#include "admin/command.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <numeric>
#include <utility>

namespace pgsteer::admin {
namespace {

std::size_t words_in(std::string_view name) {
    return 1 + static_cast<std::size_t>(std::count(name.begin(), name.end(), ' '));
}

std::string joined(Words words, std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < std::min(count, words.size()); ++i)
        text += (i == 0 ? "" : " ") + words[i];
    return text;
}

// Letters to change, add or leave out to make one word of the other (Levenshtein).
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i + 1);
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t changed = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({changed, diagonal + 1, row[j] + 1});
        }
    }
    return row.back();
}

// Words longer than any command are near none; bounds the work on a stranger's line.
constexpr std::size_t longest_typed = 40;

}  // namespace

std::string_view word(Level level) {
    constexpr std::string_view words[] = {"user", "operator", "admin"};
    return words[static_cast<std::size_t>(level)];
}

std::optional<Level> level_of(std::string_view text) {
    for (const Level level : {Level::user, Level::operate, Level::admin})
        if (word(level) == text) return level;
    return std::nullopt;
}

const std::vector<const CommandRow*>& all_commands() {
    static const std::vector<const CommandRow*> all = [] {
        std::vector<const CommandRow*> rows;
        for (const auto& table :
             {show_commands(), server_commands(), session_commands(), table_commands()})
            for (const CommandRow& row : table)
                rows.push_back(&row);
        std::sort(rows.begin(), rows.end(),
                  [](const auto* a, const auto* b) { return a->name < b->name; });
        for (const CommandRow& row : client_commands())
            rows.push_back(&row);
        return rows;
    }();
    return all;
}

std::vector<std::vector<std::string>> split_line(std::string_view line) {
    std::vector<std::vector<std::string>> commands(1);
    std::string word;
    const auto end_word = [&] {
        if (!word.empty()) commands.back().push_back(std::exchange(word, ""));
    };
    for (std::size_t i = 0; i < line.size(); ++i) {
        const char c = line[i];
        if (c == '\\' && i + 1 < line.size()) {
            word += line[++i];
        } else if (c == ';') {
            end_word();
            commands.emplace_back();
        } else if (c == ' ' || c == '\t' || c == '\r') {
            end_word();
        } else {
            word += c;
        }
    }
    end_word();
    return commands;
}

const CommandRow* find_command(Words words) {
    const CommandRow* found = nullptr;
    for (const CommandRow* row : all_commands()) {
        const std::size_t count = words_in(row->name);
        const bool longer = found == nullptr || row->name.size() > found->name.size();
        if (words.size() >= count && longer && joined(words, count) == row->name) found = row;
    }
    return found;
}

std::vector<const CommandRow*> near_commands(Words words, std::span<const CommandRow* const> rows) {
    std::vector<const CommandRow*> near;
    if (words.empty() || words[0].size() > longest_typed) return near;
    // As many of the first words as begin some command.
    for (std::size_t count = std::min<std::size_t>(words.size(), 3); count > 0 && near.empty();
         --count) {
        const std::string typed = joined(words, count);
        for (const CommandRow* row : rows)
            if (row->name.starts_with(typed)) near.push_back(row);
    }
    if (!near.empty()) return near;
    for (const CommandRow* row : rows) {
        const std::string typed = joined(words, words_in(row->name));
        if (typed.size() <= longest_typed && distance(typed, row->name) <= 1 + typed.size() / 4)
            near.push_back(row);
    }
    return near;
}

std::string help_text(std::span<const CommandRow* const> rows) {
    std::string text;
    for (const CommandRow* row : rows)
        fmt::format_to(std::back_inserter(text), "  {:<40}: {}\n", row->usage, row->help);
    return text;
}

std::string unknown_command(Words words, std::span<const CommandRow* const> rows) {
    std::vector<const CommandRow*> near = near_commands(words, rows);
    if (near.empty())
        return "Unknown command. Please enter one of the following commands only:\n" +
               help_text(rows);
    // help, prompt and quit are always there.
    for (const CommandRow* last : rows.last(3))
        if (std::find(near.begin(), near.end(), last) == near.end()) near.push_back(last);
    return "Unknown command, but maybe one of the following ones is a better match:\n" +
           help_text(near);
}

std::optional<std::string> answer_at_once(Desk& desk, Client& client, Words words) {
    const CommandRow* const row = find_command(words);
    if (row == nullptr) return unknown_command(words);
    if (client.level < row->level) return "Permission denied\n";
    if (row->answer == nullptr) return std::nullopt;
    return row->answer(desk, client, words.subspan(words_in(row->name)));
}

Task<std::string> run_command(Desk& desk, Client& client, std::vector<std::string> words) {
    if (auto text = answer_at_once(desk, client, words)) co_return std::move(*text);
    const CommandRow* const row = find_command(words);
    words.erase(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(words_in(row->name)));
    co_return co_await row->work(desk, client, std::move(words));
}

}  // namespace pgsteer::admin
