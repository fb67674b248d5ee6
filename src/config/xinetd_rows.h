// The attributes of xinetd's dialect: one row each, whose function writes the field it stands for.
// What is being read is an InetDraft, owned by load_inet(). Control thread.
#pragma once

#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/keywords.h"
#include "config/xinetd.h"

namespace pgsteer::config {

// A service (or the defaults) while it is read.
struct InetEntry {
    InetService service;
    bool is_defaults = false;
    bool broken = false;             // an alert was told: not to be run
    std::set<std::string> given;     // attributes it says itself
    std::set<std::string> disabled;  // of defaults
    std::optional<std::set<std::string>> enabled;
    std::vector<std::string> not_ours;  // why it cannot be run, if it is not disabled
};

struct InetDraft {
    Draft report;  // diagnostics and uses
    const SystemNames& names;
    InetEntry defaults;
    bool defaults_seen = false;
    std::vector<InetEntry> services;
};

enum class Assign { set, add, remove };

struct InetLine {
    InetDraft& draft;
    InetEntry& entry;
    Location at;
    std::string attribute;
    Assign how = Assign::set;

    InetService& service() { return entry.service; }
    void alert(const std::string& text);
    void warning(const std::string& text);
    // The service cannot be run with this; no matter while it is disabled.
    void not_ours(const std::string& reason, const std::string& instead);
    std::optional<std::uint64_t> integer(const std::string& text, std::uint64_t highest);
    std::optional<bool> yes_or_no(const std::string& text);
    std::optional<milliseconds> time(const std::string& text);
};

enum Where : unsigned { in_service = 1, in_inet_defaults = 2, in_both = 3 };
// How many values an attribute takes, as xinetd's table has it.
inline constexpr int any_number = -1;
inline constexpr int a_set = -2;  // any number, and += and -= besides

struct InetRow {
    std::string_view name;
    unsigned where = in_service;
    int values = 1;
    KeywordClass kind = KeywordClass::honoured;
    void (*parse)(InetLine& line, Words values) = nullptr;
    std::string_view help = {};
    std::string_view reason = {};
    std::string_view instead = {};
};

std::span<const InetRow> inet_service_rows();  // what the service is and where
std::span<const InetRow> inet_access_rows();   // who may use it, how often, what is logged
std::span<const InetRow> inet_child_rows();    // how its server runs
const InetRow* find_inet_row(std::string_view name);

template <class Visit>
void each_inet_row(Visit visit) {
    for (const auto& table : {inet_service_rows(), inet_access_rows(), inet_child_rows()})
        for (const auto& row : table)
            visit(row);
}

// The entries of one file. `include` gets what include and includedir name.
using Include = void (*)(InetDraft& draft, const std::string& path, bool folder, int depth,
                         const Location& at);
void read_inet_text(InetDraft& draft, std::string_view text, const std::string& file_name,
                    int depth, Include include);
// Defaults, required attributes, ports, enabled and disabled.
InetConfig resolve_inet(InetDraft& draft);

}  // namespace pgsteer::config
