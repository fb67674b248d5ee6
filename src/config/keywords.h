// The keyword tables: one row a keyword, whose function writes the field it stands for. What is
// being read is a Draft, owned by load(); resolve.cpp turns it into a Config. Control thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/units.h"
#include "config/check_lines.h"
#include "config/load.h"
#include "config/log_lines.h"
#include "config/rule_lines.h"
#include "config/web_lines.h"
#include "config/words.h"

namespace pgsteer::tls {
class Contexts;
}

namespace pgsteer::config {

// Bounds for files that are not configurations; none is near what a person writes.
inline constexpr std::size_t most_diagnostics = 1'000;
inline constexpr std::size_t most_addresses = 100'000;

enum Section : unsigned {
    in_global = 1,
    in_defaults = 2,
    in_frontend = 4,
    in_backend = 8,
    in_listen = 16,
    in_resolvers = 32,
    in_userlist = 64
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
    CheckLines checks;
    RuleLines rules;
    std::optional<TableSpec> table;
    Location table_at;
    std::optional<int> backlog;
    std::optional<StatsPage> stats;
    LogLines logs;
    std::vector<WebLine> web;
    std::uint32_t id = 0;  // of `id`; 0: not given
    Location id_at;
};

// `unix-bind`: what `bind` lines below with a path have unless they say otherwise.
struct UnixBind {
    std::string prefix;
    std::optional<unsigned> mode;
    std::optional<std::string> user, group;  // names or numbers
};

struct Draft {
    Global global;
    UnixBind unix_bind;
    GlobalLogLines log_lines;
    std::vector<Proxy> proxies;
    std::vector<Resolvers> resolvers;
    std::vector<Userlist> userlists;
    std::vector<std::pair<std::string, std::vector<std::string>>> groups;  // of the last userlist
    std::map<std::string, Proxy> named_defaults;
    std::map<std::string, Location> doubled_defaults;  // a name twice: where the second is
    Proxy defaults;                                    // the last defaults section
    std::vector<Diagnostic> diagnostics;
    KeywordUses uses;
    std::map<std::string, Shared<LogFormat>> log_formats;  // by text: most are read only once

    // `setenv` and its like, on top of the environment: no value hides a variable.
    std::map<std::string, std::optional<std::string>> variables;
    bool environment_hidden = false;  // resetenv: only `variables` are left
    bool zero_warning = false;
    bool diagnosing = false;    // -dD
    std::size_t addresses = 0;  // of all bind lines

    void alert(const Location& at, const std::string& text) { report(Severity::alert, at, text); }
    void warning(const Location& at, const std::string& text) {
        report(Severity::warning, at, text);
    }
    // Keeps the text printable, and stops adding at most_diagnostics.
    void report(Severity severity, const Location& at, const std::string& text);
    bool full() const { return diagnostics.size() > most_diagnostics; }
};

using Words = std::span<const std::string>;

// What a row's function may touch: the line being read.
struct Line {
    Draft& draft;
    Proxy* proxy;  // null in global and resolvers
    Location at;
    std::string_view keyword;        // the row's name, for messages
    bool negated;                    // "no option ..."
    const Environment& environment;  // for addresses, which hold variables without quotes too
    std::string_view option = {};    // of a server or an address: the word being read

    std::string name() const;  // "server ... check"

    void alert(const std::string& text);    // prefixed with the keyword
    void warning(const std::string& text);  // prefixed with the keyword
    void used(std::string_view name, KeywordClass kind, std::string_view why,
              std::string_view instead);

    // These say the error themselves and answer nothing.
    std::optional<milliseconds> time(const std::string& text,
                                     BareNumber unit = BareNumber::is_milliseconds);
    std::optional<seconds> whole_seconds(const std::string& text);
    std::optional<std::uint32_t> count(const std::string& text, std::uint32_t lowest,
                                       std::uint32_t highest);
    std::optional<unsigned> file_mode(const std::string& text);
    // The words, checked to be at least lowest and at most highest many.
    bool arguments(Words words, std::size_t lowest, std::size_t highest);
};

struct Row {
    std::string_view name;  // one or two words
    unsigned where = 0;     // Section bits
    KeywordClass kind = KeywordClass::honoured;
    void (*parse)(Line& line, Words arguments) = nullptr;  // null: nothing to do
    std::string_view help = {};
    std::string_view reason = {};   // inert, refused: why
    std::string_view instead = {};  // refused: the way out
};

std::span<const Row> global_rows();
std::span<const Row> process_rows();
std::span<const Row> proxy_rows();
std::span<const Row> unused_proxy_rows();   // inert and refused
std::span<const Row> unused_global_rows();  // inert and refused
std::span<const Row> later_rows();          // of HAProxys after 2.6
std::span<const Row> bind_rows();
std::span<const Row> server_rows();
std::span<const Row> check_rows();
std::span<const Row> role_rows();
std::span<const Row> stats_rows();
std::span<const Row> rule_rows();
std::span<const Row> resolvers_rows();
std::span<const Row> log_rows();
std::span<const Row> userlist_rows();
std::span<const Row> stick_rows();
std::span<const Row> tls_rows();
std::span<const Row> web_rows();

// A word after `bind ADDRESS` or `server NAME ADDRESS`.
template <class Target>
struct OptionRow {
    std::string_view name;
    std::size_t values = 0;  // words it takes, 0 or 1
    KeywordClass kind = KeywordClass::honoured;
    void (*parse)(Line& line, Target& target, const std::string& value) = nullptr;
    std::string_view help = {};
    std::string_view reason = {};
    std::string_view instead = {};
};

std::span<const OptionRow<Bind>> bind_options();            // all
std::span<const OptionRow<Bind>> bind_tls_options();        // part of them
std::span<const OptionRow<Server>> server_options();        // all
std::span<const OptionRow<Server>> server_check_options();  // part of them
std::span<const OptionRow<Server>> server_pace_options();   // likewise
std::span<const OptionRow<Server>> server_name_options();   // likewise
std::span<const OptionRow<Server>> server_wire_options();   // likewise
std::span<const OptionRow<Server>> server_later_options();  // likewise, of HAProxys after 2.6
std::span<const OptionRow<Bind>> bind_later_options();      // likewise
std::span<const OptionRow<Server>> server_tls_options();    // likewise

constexpr Row inert_row(std::string_view name, unsigned where, std::string_view reason) {
    return {name, where, KeywordClass::inert, nullptr, {}, reason, {}};
}
constexpr Row refused_row(std::string_view name, unsigned where, std::string_view reason,
                          std::string_view instead) {
    return {name, where, KeywordClass::refused, nullptr, {}, reason, instead};
}
template <class Target>
constexpr OptionRow<Target> inert_option(std::string_view name, std::size_t values,
                                         std::string_view reason) {
    return {name, values, KeywordClass::inert, nullptr, {}, reason, {}};
}
template <class Target>
constexpr OptionRow<Target> refused_option(std::string_view name, std::size_t values,
                                           std::string_view reason, std::string_view instead) {
    return {name, values, KeywordClass::refused, nullptr, {}, reason, instead};
}

// Calls visit(row) for every row of a line's first words.
template <class Visit>
void each_row(Visit visit) {
    for (const auto& table : {global_rows(), process_rows(), unused_global_rows(), later_rows(),
                              proxy_rows(), bind_rows(), server_rows(), check_rows(), role_rows(),
                              rule_rows(), stick_rows(), tls_rows(), stats_rows(), resolvers_rows(),
                              log_rows(), userlist_rows(), web_rows(), unused_proxy_rows()})
        for (const auto& row : table)
            visit(row);
}

// Letters, digits and - _ . : only, as HAProxy wants names of sections and servers.
bool is_proxy_name(std::string_view name);
// "; did you mean 'X'?" for the nearest candidate, or "" when none is near.
std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& candidates);
// Does the word match the name, where a final '*' stands for any ending?
bool matches(std::string_view name, std::string_view word);
// The first row of this name with a bit of `where`.
const Row* find_row(std::string_view name, unsigned where);
// An alert with the row's reason and way out.
void refuse(Line& line, std::string_view name, std::string_view reason, std::string_view instead);

// "host:port", "[ip]:port", "/path", "unix@", "abns@", "ipv4@", "ipv6@"; the port may be missing.
Result<Endpoint> parse_endpoint(const std::string& text);
// An address and its options as after `bind`: none when there was an error.
std::vector<Bind> read_binds(Line& line, Words words);
// `source` of a section.
void source_line(Line& line, Words words);

// By their names; a table's options are many, and a file has thousands of lines with them. The rows
// must live as long.
template <class Target>
class OptionIndex {
  public:
    explicit OptionIndex(std::span<const OptionRow<Target>> rows) : rows_(rows) {
        for (const auto& row : rows)
            by_name_.emplace(row.name, &row);
    }
    const OptionRow<Target>* find(std::string_view name) const {
        const auto found = by_name_.find(name);
        return found == by_name_.end() ? nullptr : found->second;
    }
    std::span<const OptionRow<Target>> rows() const { return rows_; }

  private:
    std::span<const OptionRow<Target>> rows_;
    std::unordered_map<std::string_view, const OptionRow<Target>*> by_name_;
};

template <class Target>
std::string nearest_option(std::string_view word, std::span<const OptionRow<Target>> rows) {
    std::vector<std::string_view> names;
    for (const auto& row : rows)
        names.push_back(row.name);
    return did_you_mean(word, names);
}

template <class Target>
void read_options(Line& line, Target& target, Words words, const OptionIndex<Target>& index) {
    for (std::size_t i = 0; i < words.size(); ++i) {
        const OptionRow<Target>* const found = index.find(words[i]);
        line.option = {};
        if (!found) {
            line.alert("unknown option '" + words[i] + "'" +
                       nearest_option(words[i], index.rows()));
            continue;
        }
        line.option = found->name;
        line.used({}, found->kind, found->reason, found->instead);
        if (found->kind == KeywordClass::refused)
            refuse(line, words[i], found->reason, found->instead);
        if (i + found->values >= words.size()) {
            line.alert("needs a value");
            break;
        }
        i += found->values;
        if (found->parse) found->parse(line, target, words[i]);
    }
    line.option = {};
}

void resolve(Draft& draft, Config& config);
// The check that a section's lines ask for; says on the draft what does not fit together.
Check check_of(Draft& draft, const Proxy& proxy);
// What servers' options about checks mean together with other lines; says what does not fit.
void resolve_server_checks(Draft& draft, Config& config);
// Reads the files that TLS needs, and says which cannot be used.
void resolve_tls(Draft& draft, Config& config);
// The same of one server; the error says what cannot be used. Equal settings share a context.
Result<void> settle_tls(const Global& global, const Backend& backend, Server& server,
                        tls::Contexts& contexts);
// What of a `stick` line is checked when all sections are known.
std::vector<StickRule> stick_rules_of(Draft& draft, const Proxy& proxy);
void settle_tables(Config& config);
// `balance` by what HTTP says.
void keep_web_balance(Line& line);
// Says what a section's mode makes of its lines about HTTP.
void settle_web_lines(Draft& draft, const Proxy& proxy);
// The rules of a section's halves; says what names nothing. All sections are known.
FrontRules front_rules_of(Draft& draft, const Proxy& proxy);
BackRules back_rules_of(Draft& draft, const Proxy& proxy);
// Do the proxies and servers exist that a section's fetch elsewhere is about? Says what does not.
bool names_something(Draft& draft, const Proxy& proxy, const Sample& sample,
                     const std::string& keyword, const Location& at);
// Where lines about a section go, and what its sessions' lines are; says what does not fit.
std::vector<log::Target> logs_of(const Draft& draft, const Proxy& proxy);
SessionLog session_log_of(Draft& draft, const Proxy& proxy);
// Gives a target what other lines say of all targets.
void settle(log::Target& target, const Draft& draft, const std::optional<std::string>& tag);
// What a section's stats page is; says what does not fit.
StatsPage page_of(Draft& draft, const Proxy& proxy);
// Whom the names of servers are asked of; says what does not fit.
void resolve_names(Draft& draft, Config& config);

}  // namespace pgsteer::config
