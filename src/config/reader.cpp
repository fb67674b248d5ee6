#include "config/reader.h"

#include <algorithm>
#include <array>

namespace pgsteer::config {
namespace {

struct SectionName {
    std::string_view name;
    Section section;
};
constexpr std::array<SectionName, 5> sections = {{{"global", in_global},
                                                  {"defaults", in_defaults},
                                                  {"frontend", in_frontend},
                                                  {"backend", in_backend},
                                                  {"listen", in_listen}}};
// Sections of HAProxy whose lines are passed over.
constexpr std::array<std::string_view, 12> unread_sections = {
    "peers", "resolvers", "mailers",     "userlist",    "cache",    "program",
    "ring",  "traces",    "http-errors", "log-forward", "fcgi-app", "crt-store"};
// The lines of `resolvers`, the one of them that does no harm; any other line is a mistake.
constexpr std::array<std::string_view, 6> resolver_lines = {
    "nameserver", "parse-resolv-conf",     "hold",
    "timeout",    "accepted_payload_size", "resolve_retries"};

bool is_proxy_name(std::string_view name) {
    return std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("-_.:").find(c) != std::string_view::npos;
    });
}

template <class Visit>
void each_row(Visit visit) {
    for (const auto& table : {global_rows(), proxy_rows(), refused_rows(), bind_rows(),
                              server_rows(), check_rows(), stats_rows()})
        for (const auto& row : table)
            visit(row);
}

// The first row of this name, of as many words, with a bit of `where`.
const Row* find_row(std::string_view name, unsigned where) {
    const Row* found = nullptr;
    const bool pair = name.find(' ') != std::string_view::npos;
    each_row([&](const Row& row) {
        if (pair != (row.name.find(' ') != std::string_view::npos)) return;
        if (!found && (row.where & where) != 0 && matches(row.name, name)) found = &row;
    });
    return found;
}

class Reader {
  public:
    Reader(Draft& draft, const Environment& environment)
        : draft_(draft), environment_(environment) {}

    void line(std::string_view text, const Location& at) {
        auto split = split_words(text, environment_);
        if (!split) return draft_.alert(at, split.error().text);
        if (split->empty()) return;
        const Words words(*split);
        for (const auto& known : sections)
            if (known.name == words[0] && (known.section != in_global || words.size() == 1))
                return open(known.section, words, at);
        const auto end = unread_sections.end();
        if (words.size() < 3 && std::find(unread_sections.begin(), end, words[0]) != end)
            return skip(words[0], at);
        if (skipping_) return skipped_line(words[0], at);
        statement(words, at);
    }

  private:
    void skip(const std::string& name, const Location& at) {
        skipping_ = true;
        section_name_ = name;
        if (name == "resolvers") {
            draft_.uses.push_back({name, KeywordClass::inert, at,
                                   "names are resolved by the system, again and again", ""});
            return;
        }
        const std::string why = "pgsteer has no such section";
        const std::string instead = "remove the section";
        draft_.uses.push_back({name, KeywordClass::refused, at, why, instead});
        draft_.alert(at, "'" + name + "' : not supported: " + why + "; " + instead);
    }

    void skipped_line(const std::string& word, const Location& at) {
        if (section_name_ != "resolvers") return;  // the section itself is an alert
        const auto end = resolver_lines.end();
        if (std::find(resolver_lines.begin(), end, word) != end) return;
        std::vector<std::string_view> names(resolver_lines.begin(), end);
        for (const auto& known : sections)
            names.push_back(known.name);
        draft_.alert(at, "'" + word + "' : unknown keyword in 'resolvers' section" +
                             did_you_mean(word, names));
    }

    void open(Section section, Words words, const Location& at) {
        skipping_ = false;
        section_ = section;
        section_name_ = words[0];
        Line line{draft_, nullptr, at, words[0]};
        if (section == in_global) return;
        const bool has_from = words.size() >= 3 && words[words.size() - 2] == "from";
        const Words plain = has_from ? words.first(words.size() - 2) : words;
        if (section != in_defaults && plain.size() < 2)
            line.alert("needs a name");
        else if (plain.size() > 2)
            line.alert("cannot handle unexpected argument '" + plain[2] + "'");
        Proxy proxy = start(section, has_from ? &words.back() : nullptr, line);
        proxy.section = section;
        proxy.name = plain.size() > 1 ? plain[1] : "";
        proxy.at = at;
        proxy.own_expects = false;
        if (!is_proxy_name(proxy.name))
            line.alert("the name '" + proxy.name + "' may hold letters, digits and - _ . : only");
        if (section != in_defaults) {
            draft_.proxies.push_back(std::move(proxy));
            return;
        }
        draft_.defaults = std::move(proxy);
        save_defaults();
    }

    // A proxy as its defaults leave it; a defaults section itself starts afresh.
    Proxy start(Section section, const std::string* from, Line& line) {
        if (!from) return section == in_defaults ? Proxy{} : draft_.defaults;
        const auto named = draft_.named_defaults.find(*from);
        if (named != draft_.named_defaults.end()) return named->second;
        line.alert("no defaults section '" + *from + "' above");
        return draft_.defaults;
    }

    void save_defaults() {
        if (section_ == in_defaults && !draft_.defaults.name.empty())
            draft_.named_defaults[draft_.defaults.name] = draft_.defaults;
    }

    Proxy* proxy() {
        if (section_ == in_global) return nullptr;
        return section_ == in_defaults ? &draft_.defaults : &draft_.proxies.back();
    }

    void statement(Words words, const Location& at) {
        Line line{draft_, nullptr, at, words[0]};
        if (words[0] == "no" && words.size() > 1) {
            line.negated = true;
            words = words.subspan(1);
        }
        const std::string pair = words.size() > 1 ? words[0] + " " + words[1] : words[0];
        const unsigned anywhere = in_global | in_proxy;
        for (const unsigned where : {section_, anywhere}) {
            for (const auto& name : {pair, words[0]}) {
                const Row* row = find_row(name, where);
                if (!row) continue;
                line.keyword = name;
                const Words rest = words.subspan(name == pair && words.size() > 1 ? 2 : 1);
                return (row->where & section_) != 0 ? apply(line, *row, rest)
                                                    : misplaced(line, *row);
            }
        }
        unknown(line, words, pair);
    }

    void apply(Line& line, const Row& row, Words rest) {
        const bool can_negate = row.name.starts_with("option ") || row.name == "log" ||
                                row.name == "daemon" || row.name == "quiet";
        if (line.negated && !can_negate) return line.alert("cannot follow 'no'");
        line.proxy = proxy();
        line.used((line.negated ? "no " : "") + line.keyword, row.kind, row.reason, row.instead);
        if (row.kind == KeywordClass::refused && !line.negated)
            refuse(line, row.name, row.reason, row.instead);
        if (row.parse) row.parse(line, rest);
        save_defaults();
    }

    void misplaced(Line& line, const Row& row) {
        const bool other_half =
            (section_ == in_frontend || section_ == in_backend) && (row.where & in_proxy) != 0;
        const std::string text = "not allowed in section '" + section_name_ + "'";
        if (section_ == 0)
            line.alert("no section is open; write 'global', 'defaults' or 'listen NAME' above");
        else if (other_half && row.kind != KeywordClass::refused && row.name != "server" &&
                 row.name != "bind")
            line.warning("ignored: " + text);
        else
            line.alert(text);
    }

    void unknown(Line& line, Words words, const std::string& pair) {
        std::vector<std::string_view> singles;
        std::vector<std::string_view> pairs;
        each_row([&](const Row& row) {
            if (section_ != 0 && (row.where & section_) == 0) return;
            const auto space = row.name.find(' ');
            if (space == std::string_view::npos || row.name.substr(0, space) != words[0])
                singles.push_back(row.name.substr(0, space));
            else
                pairs.push_back(row.name);
        });
        for (const auto& known : sections)
            singles.push_back(known.name);
        line.keyword = pairs.empty() ? words[0] : pair;
        const std::string where = section_ == 0 ? "" : " in '" + section_name_ + "' section";
        line.alert("unknown keyword" + where +
                   did_you_mean(line.keyword, pairs.empty() ? singles : pairs));
    }

    Draft& draft_;
    const Environment& environment_;
    unsigned section_ = 0;
    std::string section_name_;
    bool skipping_ = false;
};

}  // namespace

void read_text(Draft& draft, std::string_view text, const std::string& file_name,
               const Environment& environment) {
    const auto file = std::make_shared<const std::string>(file_name);
    Reader reader(draft, environment);
    for (unsigned number = 1; !text.empty(); ++number) {
        const auto end = text.find('\n');
        reader.line(text.substr(0, end), {file, number});
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
}

}  // namespace pgsteer::config
