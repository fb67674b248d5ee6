// Stick tables: `stick-table` of a section, and the `stick` rules of a backend.
#include <algorithm>

#include "config/keywords.h"

namespace pgsteer::config {
namespace {

constexpr auto honoured = KeywordClass::honoured;

// HAProxy's default of texts and bytes.
constexpr std::size_t default_length = 32;
constexpr std::uint32_t longest_key = 4096;
// HAProxy has no limit; an entry takes some 700 bytes here when all is counted.
constexpr std::int64_t largest = 1LL << 30;

// Reads the words of one line, one after the other.
class TableReader {
  public:
    TableReader(Line& line, Words words) : line_(line), words_(words) {}

    std::optional<TableSpec> read() {
        while (!words_.empty() && good_)
            word();
        if (good_ && !typed_) fail("needs 'type'");
        if (good_ && spec_.size == 0) fail("needs 'size'");
        if (!good_) return std::nullopt;
        std::sort(spec_.columns.begin(), spec_.columns.end(),
                  [](const auto& a, const auto& b) { return a.what < b.what; });
        return spec_;
    }

  private:
    void fail(const std::string& text) {
        line_.alert(text);
        good_ = false;
    }

    std::string take() {
        std::string word = words_.front();
        words_ = words_.subspan(1);
        return word;
    }

    void word() {
        const std::string name = take();
        if (name == "nopurge") {
            spec_.no_purge = true;
            return;
        }
        if (words_.empty()) return fail("'" + name + "' needs a value");
        if (name == "type") return type();
        const std::string value = take();
        if (name == "size") return size(value);
        if (name == "store") return store(value);
        if (name == "expire") {
            const auto time = line_.time(value);
            good_ = time.has_value();
            if (time) spec_.expire = *time;
        } else if (name == "srvkey") {
            if (value != "name") fail("'srvkey " + value + "' is not supported; use 'name'");
        } else if (name == "peers") {
            fail("'peers' : tables are not shared between processes; remove it");
        } else {
            fail("'" + name + "' is not understood; use type, size, expire, nopurge or store");
        }
    }

    void type() {
        constexpr std::pair<std::string_view, KeyType> types[] = {
            {"ip", KeyType::ip},         {"ipv6", KeyType::ipv6},     {"integer", KeyType::integer},
            {"string", KeyType::string}, {"binary", KeyType::binary},
        };
        const std::string name = take();
        const auto found = std::find_if(std::begin(types), std::end(types),
                                        [&](const auto& one) { return one.first == name; });
        if (found == std::end(types))
            return fail("type '" + name + "' is not ip, ipv6, integer, string or binary");
        typed_ = true;
        spec_.type = found->second;
        const bool has_length = spec_.type == KeyType::string || spec_.type == KeyType::binary;
        if (!has_length) return;
        spec_.key_length = default_length;
        if (words_.size() < 2 || words_[0] != "len") return;
        take();
        const auto length = line_.count(take(), 1, longest_key);
        good_ = length.has_value();
        if (length) spec_.key_length = *length;
    }

    void size(const std::string& text) {
        constexpr std::pair<char, std::int64_t> factors[] = {
            {'k', 1 << 10}, {'m', 1 << 20}, {'g', 1 << 30}};
        std::string_view digits = text;
        std::int64_t factor = 1;
        for (const auto& [letter, by] : factors)
            if (!text.empty() && (text.back() == letter || text.back() == letter - 'a' + 'A')) {
                factor = by;
                digits.remove_suffix(1);
            }
        const auto number = parse_integer(digits, 1, largest / factor);
        if (!number) return fail("size '" + text + "' is not a number of entries, as 200k");
        spec_.size = static_cast<std::uint32_t>(*number * factor);
    }

    // "conn_cnt,conn_rate(10s)"
    void store(const std::string& list) {
        std::string_view rest = list;
        while (good_ && !rest.empty()) {
            const std::string item(rest.substr(0, rest.find(',')));
            rest.remove_prefix(std::min(rest.size(), item.size() + 1));
            store_one(item);
        }
    }

    void store_one(const std::string& item) {
        const std::string name = item.substr(0, item.find('('));
        const auto found =
            std::find_if(stored_names.begin(), stored_names.end(),
                         [&](const StoredName& known) { return known.name == name; });
        if (found == stored_names.end())
            return fail(name.starts_with("http_")
                            ? "'" + name + "' counts what HTTP does; remove it"
                            : "'" + name +
                                  "' is not counted; use conn_cnt, conn_rate, conn_cur, "
                                  "sess_cnt, sess_rate, bytes_in_cnt, bytes_in_rate, "
                                  "bytes_out_cnt, bytes_out_rate, gpc0, gpc0_rate, gpc1, "
                                  "gpc1_rate, gpt0 or server_id");
        TableSpec::Column column{static_cast<Stored>(found - stored_names.begin())};
        if (found->is_rate) {
            if (!item.ends_with(')')) return fail("'" + name + "' needs a period, as (10s)");
            const auto period =
                line_.time(item.substr(name.size() + 1, item.size() - name.size() - 2));
            good_ = period && period->count() > 0;
            if (!good_) return fail("'" + name + "' needs a period above 0");
            column.period = *period;
        } else if (item.size() != name.size()) {
            return fail("'" + name + "' takes no argument");
        }
        std::erase_if(spec_.columns, [&](const auto& other) { return other.what == column.what; });
        spec_.columns.push_back(column);
    }

    Line& line_;
    Words words_;
    TableSpec spec_;
    bool good_ = true;
    bool typed_ = false;
};

void stick_table(Line& line, Words words) {
    if (line.proxy->table) return line.alert("stands twice");
    if (auto spec = TableReader(line, words).read()) {
        line.proxy->table = std::move(*spec);
        line.proxy->table_at = line.at;
    }
}

void stick(Line& line, Words words) {
    if (!line.arguments(words, 2, most_words)) return;
    if (words[0] == "store-response")
        return line.alert("'store-response' : servers' bytes are not looked at; use 'stick on'");
    if (words[0] != "on" && words[0] != "match" && words[0] != "store-request")
        return line.alert("expects 'on', 'match' or 'store-request' but got '" + words[0] + "'");
    line.proxy->rules.sticks.push_back({{words.begin(), words.end()}, line.at});
}

constexpr Row rows[] = {
    {"stick-table", in_frontend | in_backend | in_listen, honoured, stick_table,
     "type TYPE [len N] size N [expire TIME] [nopurge] [store NAME,...]: what is remembered of "
     "clients, in memory"},
    {"stick", in_backend | in_listen, honoured, stick,
     "on, match or store-request FETCH [table NAME] [if CONDITION]: a client goes where its key's "
     "last one went; a server that is not fit is not used, and another one is kept"},
};

}  // namespace

std::span<const Row> stick_rows() {
    return rows;
}

}  // namespace pgsteer::config
