// The keyword tables: one row a keyword, whose function writes the field it stands for. What is
// being read is a Draft, owned by load(); resolve.cpp turns it into a Config. Control thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/units.h"
#include "config/load.h"

namespace pgsteer::config {

enum Section : unsigned {
    in_global = 1,
    in_defaults = 2,
    in_frontend = 4,
    in_backend = 8,
    in_listen = 16
};
constexpr unsigned in_front = in_defaults | in_frontend | in_listen;
constexpr unsigned in_back = in_defaults | in_backend | in_listen;
constexpr unsigned in_proxy = in_front | in_back;

// A proxy section while it is read; it starts as a copy of its defaults.
struct Proxy {
    Section section = in_defaults;
    std::string name;
    Location at;
    Frontend front;  // both halves are filled; resolve keeps those the section has
    Backend back;
    Server default_server;
    bool http_mode = false;
    bool disabled = false;
    bool log_global = false;
    bool http_check = false;   // option httpchk
    bool own_expects = false;  // false: the expects are those of the defaults
    std::optional<StatsPage> stats;
    std::vector<log::Target> logs;
};

struct Draft {
    Global global;
    std::string log_tag = "pgsteer";
    std::vector<Proxy> proxies;
    std::map<std::string, Proxy> named_defaults;
    Proxy defaults;  // the last defaults section
    std::vector<Diagnostic> diagnostics;
    std::vector<KeywordUse> uses;

    void alert(const Location& at, std::string text) {
        diagnostics.push_back({Severity::alert, at, std::move(text)});
    }
    void warning(const Location& at, std::string text) {
        diagnostics.push_back({Severity::warning, at, std::move(text)});
    }
};

using Words = std::span<const std::string>;

// What a row's function may touch: the line being read.
struct Line {
    Draft& draft;
    Proxy* proxy;  // null in global
    Location at;
    std::string keyword;   // the row's name, for messages
    bool negated = false;  // "no option ..."

    void alert(const std::string& text);    // prefixed with the keyword
    void warning(const std::string& text);  // prefixed with the keyword
    void used(std::string name, KeywordClass kind, std::string_view why, std::string_view instead);

    // These say the error themselves and answer nothing.
    std::optional<milliseconds> time(const std::string& text,
                                     BareNumber unit = BareNumber::is_milliseconds);
    std::optional<seconds> whole_seconds(const std::string& text);
    std::optional<std::uint32_t> count(const std::string& text, std::uint32_t lowest,
                                       std::uint32_t highest);
    // The words, checked to be at least lowest and at most highest many.
    bool arguments(Words words, std::size_t lowest, std::size_t highest);
};

struct Row {
    std::string_view name;  // one or two words; a final '*' stands for any ending
    unsigned where = 0;     // Section bits
    KeywordClass kind = KeywordClass::honoured;
    void (*parse)(Line& line, Words arguments) = nullptr;  // null: nothing to do
    std::string_view help = {};
    std::string_view reason = {};   // inert, refused: why
    std::string_view instead = {};  // refused: the way out
};

std::span<const Row> global_rows();
std::span<const Row> proxy_rows();
std::span<const Row> refused_rows();
std::span<const Row> bind_rows();
std::span<const Row> server_rows();
std::span<const Row> check_rows();
std::span<const Row> stats_rows();

// A word after `bind ADDRESS` or `server NAME ADDRESS`.
template <class Target>
struct OptionRow {
    std::string_view name;
    std::size_t values = 0;  // words it takes, 0 or 1
    KeywordClass kind = KeywordClass::honoured;
    void (*parse)(Line& line, Target& target, const std::string& value) = nullptr;
    std::string_view reason = {};
    std::string_view instead = {};
};

// " ; did you mean 'X'?" for the nearest candidate, or "" when none is near.
std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& candidates);
// Does the word match the row's name, '*' included?
bool matches(std::string_view row_name, std::string_view word);
// An alert with the row's reason and way out.
void refuse(Line& line, std::string_view name, std::string_view reason, std::string_view instead);

// "host:port", "[ip]:port", "/path", "unix@", "abns@", "ipv4@", "ipv6@"; the port may be missing.
Result<Endpoint> parse_endpoint(const std::string& text);
// The argument words of a `log` line after `log`.
std::optional<log::Target> parse_log(Line& line, Words arguments);

template <class Target>
void read_options(Line& line, Target& target, Words words,
                  std::span<const OptionRow<Target>> rows) {
    const std::string keyword = line.keyword;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const OptionRow<Target>* found = nullptr;
        std::vector<std::string_view> names;
        for (const auto& row : rows) {
            names.push_back(row.name);
            if (!found && matches(row.name, words[i])) found = &row;
        }
        line.keyword = keyword;
        if (!found) {
            line.alert("unknown option '" + words[i] + "'" + did_you_mean(words[i], names));
            continue;
        }
        line.keyword = keyword + " ... " + words[i];
        line.used(line.keyword, found->kind, found->reason, found->instead);
        if (found->kind == KeywordClass::refused)
            refuse(line, words[i], found->reason, found->instead);
        if (i + found->values >= words.size()) {
            line.alert("needs a value");
            break;
        }
        i += found->values;
        if (found->parse) found->parse(line, target, words[i]);
    }
    line.keyword = keyword;
}

void resolve(Draft& draft, Config& config);

}  // namespace pgsteer::config
