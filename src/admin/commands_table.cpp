// Commands about stick tables. Words and answers are HAProxy 2.6's (src/stick_table.c).
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "admin/command.h"
#include "base/units.h"
#include "routing/stick_table.h"

namespace pgsteer::admin {
namespace {

using routing::StickTable;
using Filter = StickTable::Filter;

constexpr std::string_view no_table = "No such table\n";
// HAProxy's STKTABLE_FILTER_LEN.
constexpr std::size_t most_filters = 4;

std::shared_ptr<StickTable> find(Desk& desk, const std::string& name) {
    for (const auto& table : desk.table().stick_tables)
        if (table->name() == name) return table;
    return nullptr;
}

std::string_view word(KeyType type) {
    constexpr std::string_view words[] = {"ip", "ipv6", "integer", "string", "binary"};
    return words[static_cast<std::size_t>(type)];
}

std::string head_line(StickTable& table, TimePoint now) {
    return fmt::format("# table: {}, type: {}, size:{}, used:{}\n", table.name(),
                       word(table.spec().type), table.spec().size, table.used(now));
}

std::optional<Stored> stored(std::string_view name) {
    const auto found = std::find_if(stored_names.begin(), stored_names.end(),
                                    [&](const StoredName& known) { return known.name == name; });
    if (found == stored_names.end()) return std::nullopt;
    return static_cast<Stored>(found - stored_names.begin());
}

// "key K", or up to four of "data.TYPE OPERATOR NUMBER".
Result<Filter> read_filter(const StickTable& table, Words words) {
    Filter filter;
    if (!words.empty() && words[0] == "key") {
        if (words.size() < 2) return Error{"Key value expected\n"};
        filter.key = routing::key_from_text(table.spec(), words[1]);
        if (!filter.key) return Error{"Invalid key\n"};
        return filter;
    }
    constexpr std::string_view operators[] = {"eq", "ne", "le", "ge", "lt", "gt"};
    for (std::size_t i = 0; i < words.size() && filter.data.size() < most_filters; i += 3) {
        const std::string entry = fmt::format("Filter entry #{}: ", filter.data.size() + 1);
        if (!words[i].starts_with("data."))
            return Error{
                "Optional argument only supports \"data.<store_data_type>\" <operator> "
                "<value> and key <key>\n"};
        const auto what = stored(std::string_view(words[i]).substr(5));
        if (!what) return Error{entry + "Unknown data type\n"};
        if (!table.has(*what)) return Error{entry + "Data type not stored in this table\n"};
        const std::string name = i + 1 < words.size() ? words[i + 1] : "";
        const auto is = std::find(std::begin(operators), std::end(operators), name);
        if (is == std::end(operators))
            return Error{entry +
                         "Require and operator among \"eq\", \"ne\", \"le\", \"ge\", \"lt\", "
                         "\"gt\"\n"};
        const auto number = parse_integer(i + 2 < words.size() ? words[i + 2] : "", 0, INT64_MAX);
        if (!number) return Error{entry + "Require a valid integer value to compare against\n"};
        filter.data.push_back({*what, static_cast<Filter::Is>(is - std::begin(operators)),
                               static_cast<std::uint64_t>(*number)});
    }
    return filter;
}

std::string entry_line(const StickTable::Line& line) {
    std::string text =
        fmt::format("{}: key={} use={} exp={}", line.at, line.key, line.users, line.expires_in);
    for (const auto& [column, value] : line.values) {
        const StoredName& name = name_of(column.what);
        if (name.is_rate)
            text += fmt::format(" {}({})={}", name.name, column.period.count(), value);
        else
            text += fmt::format(" {}={}", name.name, value);
    }
    return text + "\n";
}

std::string show_table(Desk& desk, Client&, Words words) {
    const TimePoint now = Clock::now();
    std::string text;
    if (words.empty()) {
        const auto& tables = desk.table().stick_tables;
        for (auto table = tables.rbegin(); table != tables.rend(); ++table)
            text += head_line(**table, now);
        return text;
    }
    const auto table = find(desk, words[0]);
    if (!table) return std::string(no_table);
    const auto filter = read_filter(*table, words.subspan(1));
    if (!filter) return filter.error().text;
    const auto lines = table->lines(*filter, now);
    if (filter->key && lines.empty()) return "";
    text = head_line(*table, now);
    for (const StickTable::Line& line : lines)
        text += entry_line(line);
    return text;
}

std::string clear_table(Desk& desk, Client&, Words words) {
    if (words.empty())
        return "Required arguments: <table> \"data.<store_data_type>\" <operator> <value> or "
               "<table> key <key>\n";
    const auto table = find(desk, words[0]);
    if (!table) return std::string(no_table);
    const auto filter = read_filter(*table, words.subspan(1));
    if (!filter) return filter.error().text;
    const std::size_t stayed = table->clear(*filter, Clock::now());
    return filter->key && stayed > 0 ? "Entry currently in use, cannot remove\n" : "";
}

std::string set_table(Desk& desk, Client&, Words words) {
    if (words.empty())
        return "Required arguments: <table> key <key> data.<store_data_type> <value>\n";
    const auto table = find(desk, words[0]);
    if (!table) return std::string(no_table);
    if (words.size() < 3 || words[1] != "key") return "Key value expected\n";
    const auto key = routing::key_from_text(table->spec(), words[2]);
    if (!key) return "Invalid key\n";
    std::vector<std::pair<Stored, std::uint64_t>> values;
    for (std::size_t i = 3; i < words.size(); i += 2) {
        if (!words[i].starts_with("data.")) return "\"data.<type>\" followed by a value expected\n";
        const auto what = stored(std::string_view(words[i]).substr(5));
        if (!what) return "Unknown data type\n";
        if (!table->has(*what)) return "Data type not stored in this table\n";
        const auto number = parse_integer(i + 1 < words.size() ? words[i + 1] : "", 0, INT64_MAX);
        if (!number) return "Require a valid integer value to store\n";
        values.emplace_back(*what, static_cast<std::uint64_t>(*number));
    }
    return table->set(*key, values, Clock::now()) ? "" : "Unable to allocate a new entry\n";
}

constexpr CommandRow rows[] = {
    {"clear table", "clear table <table> [<filter>]*",
     "remove an entry from a table (filter: data/key)", Level::operate, clear_table},
    {"set table", "set table <table> key <k> [data.* <v>]*",
     "update or create a table entry's data", Level::operate, set_table},
    {"show table", "show table <table> [<filter>]*",
     "report table usage stats or dump this table's contents (filter: data/key)", Level::user,
     show_table},
};

}  // namespace

std::span<const CommandRow> table_commands() {
    return rows;
}

}  // namespace pgsteer::admin
