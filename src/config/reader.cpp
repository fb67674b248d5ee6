#include "config/reader.h"

#include <algorithm>
#include <functional>

#include "config/blocks.h"
#include "config/sections.h"

namespace pgsteer::config {
namespace {

constexpr std::size_t most_line_bytes = 65'536;

// HAProxy 2.6 takes "no" and "default" before these alone (cfgparse.c).
bool can_negate(std::string_view name) {
    constexpr std::string_view others[] = {
        "log",           "busy-polling",         "set-dumpable",
        "strict-limits", "insecure-fork-wanted", "numa-cpu-mapping"};
    return name.starts_with("option ") ||
           std::find(std::begin(others), std::end(others), name) != std::end(others);
}

const SectionRow* find_section(std::string_view name) {
    const auto rows = section_rows();
    const auto found =
        std::find_if(rows.begin(), rows.end(), [&](const auto& row) { return row.name == name; });
    return found == rows.end() ? nullptr : &*found;
}

class Reader {
  public:
    Reader(Draft& draft, const Environment& environment)
        : draft_(draft),
          environment_([this, &environment](const std::string& name) {
              return name.starts_with('.') ? pseudo(name) : variable(name, environment);
          }),
          blocks_(draft, environment_) {}

    void line(std::string_view text, const Location& at) {
        at_ = &at;
        if (text.size() > most_line_bytes) return draft_.alert(at, "line too long");
        auto split = split_words(text, environment_);
        // As in HAProxy, a line that `.if` leaves out must have its quotes right too.
        if (!split) return draft_.alert(at, split.error().text);
        if (split->empty()) return;
        const Words words(*split);
        if (blocks_.directive(words, at) || !blocks_.taking()) return;
        if (const SectionRow* const row = find_section(words[0]); row && opens(*row, words))
            return open(*row, words, at);
        if (skipping_) return skipped_line(words[0], at);
        statement(words, at);
    }

    void end(const Location& at) {
        save_defaults();
        blocks_.end(at);
    }

  private:
    // `setenv` and its like, then the environment.
    std::optional<std::string> variable(const std::string& name, const Environment& environment) {
        const auto own = draft_.variables.find(name);
        if (own != draft_.variables.end()) return own->second;
        const bool asked = environment && !draft_.environment_hidden;
        return asked ? environment(name) : std::nullopt;
    }

    // What HAProxy tells of the place itself (manual 2.3).
    std::optional<std::string> pseudo(std::string_view name) const {
        if (name == ".FILE") return *at_->file;
        if (name == ".LINE") return std::to_string(at_->line);
        if (name == ".SECTION") return section_title_;
        return std::nullopt;
    }

    // A known section's word opens it unless it is a line of the section above: `cache NAME` does,
    // and so do `peers NAME` and `global`; a `log` line never looks like one.
    bool opens(const SectionRow& row, Words words) const {
        if (row.section != 0) return true;
        return words.size() == 2 || (words.size() == 1 && section_ == 0);
    }

    void open(const SectionRow& row, Words words, const Location& at) {
        save_defaults();
        skipping_ = row.section == 0;
        section_ = row.section;
        row_ = &row;
        section_title_ = words.size() > 1 ? words[1] : words[0];
        Line line{draft_, nullptr, at, row.name, false, environment_};
        line.used({}, row.kind, row.reason, row.instead);
        if (row.kind == KeywordClass::refused) refuse(line, row.name, row.reason, row.instead);
        if (row.section == in_global) line.arguments(words.subspan(1), 0, 0);
        if (row.section == in_resolvers)
            open_resolvers(line, words);
        else if (row.section == in_userlist)
            open_userlist(line, words);
        else if (row.section != 0 && row.section != in_global)
            open_proxy(line, words);
    }

    void open_resolvers(Line& line, Words words) {
        (void)line.arguments(words.subspan(1), 1, 1);
        Resolvers& section = draft_.resolvers.emplace_back();
        if (words.size() > 1) section.name = words[1];
        section.at = line.at;
    }

    void open_userlist(Line& line, Words words) {
        (void)line.arguments(words.subspan(1), 1, 1);
        Userlist& section = draft_.userlists.emplace_back();
        if (words.size() > 1) section.name = words[1];
        section.at = line.at;
        draft_.groups.clear();
    }

    void open_proxy(Line& line, Words words) {
        const auto section = static_cast<Section>(section_);
        const bool has_from = words.size() >= 3 && words[words.size() - 2] == "from";
        const Words plain = has_from ? words.first(words.size() - 2) : words;
        if (section != in_defaults && plain.size() < 2)
            line.alert("needs a name");
        else if (plain.size() > 2)
            line.alert("cannot handle unexpected argument '" + plain[2] + "'");
        Proxy proxy = start(section, has_from ? &words.back() : nullptr, line);
        proxy.section = section;
        proxy.name = plain.size() > 1 ? plain[1] : "";
        proxy.at = line.at;
        proxy.checks.own_option = proxy.checks.own_http = proxy.checks.own_tcp = false;
        if (!is_proxy_name(proxy.name))
            line.alert("the name '" + proxy.name + "' may hold letters, digits and - _ . : only");
        if (section == in_defaults)
            draft_.defaults = std::move(proxy);
        else
            draft_.proxies.push_back(std::move(proxy));
    }

    // A proxy as its defaults leave it; a defaults section itself starts afresh.
    Proxy start(Section section, const std::string* from, Line& line) {
        if (!from) return section == in_defaults ? Proxy{} : draft_.defaults;
        const auto named = draft_.named_defaults.find(*from);
        if (named == draft_.named_defaults.end()) {
            std::vector<std::string_view> names;
            for (const auto& [name, proxy] : draft_.named_defaults)
                names.push_back(name);
            line.alert("no defaults section '" + *from + "' above" + did_you_mean(*from, names));
            return draft_.defaults;
        }
        const auto again = draft_.doubled_defaults.find(*from);
        if (again != draft_.doubled_defaults.end())
            line.alert("ambiguous defaults section '" + *from + "': it is at " +
                       named->second.at.text() + " and at " + again->second.text());
        return named->second;
    }

    void save_defaults() {
        if (section_ != in_defaults || draft_.defaults.name.empty()) return;
        const auto& name = draft_.defaults.name;
        if (!draft_.named_defaults.emplace(name, draft_.defaults).second)
            draft_.doubled_defaults.emplace(name, draft_.defaults.at);
    }

    Proxy* proxy() {
        if ((section_ & (in_global | in_resolvers | in_userlist)) != 0) return nullptr;
        return section_ == in_defaults ? &draft_.defaults : &draft_.proxies.back();
    }

    std::string section_name() const { return row_ ? std::string(row_->name) : ""; }

    void skipped_line(const std::string& word, const Location& at) {
        if ((" " + std::string(row_->lines)).find(" " + word + " ") != std::string::npos) return;
        std::vector<std::string_view> names;
        for (std::string_view rest = row_->lines; !rest.empty();) {
            names.push_back(rest.substr(0, rest.find(' ')));
            rest.remove_prefix(names.back().size() + 1);
        }
        for (const auto& row : section_rows())
            names.push_back(row.name);
        draft_.alert(at, "'" + word + "' : unknown keyword in '" + section_name() + "' section" +
                             did_you_mean(word, names));
    }

    void statement(Words words, const Location& at) {
        Line line{draft_, nullptr, at, words[0], false, environment_};
        const bool restores = words[0] == "default";  // every option of ours is off by default
        if ((words[0] == "no" || restores) && words.size() > 1) {
            line.negated = true;
            words = words.subspan(1);
        }
        const std::string pair = words.size() > 1 ? words[0] + " " + words[1] : "";
        const unsigned anywhere = in_global | in_proxy | in_resolvers | in_userlist;
        for (const unsigned where : {section_, anywhere}) {
            for (const std::string& name : {std::cref(pair), std::cref(words[0])}) {
                const Row* const row = find_row(name, where);
                if (!row) continue;
                line.keyword = row->name;
                const Words rest = words.subspan(&name == &pair ? 2 : 1);
                return (row->where & section_) != 0 ? apply(line, *row, rest)
                                                    : misplaced(line, *row);
            }
        }
        unknown(line, words, pair.empty() ? words[0] : pair);
    }

    void apply(Line& line, const Row& row, Words rest) {
        if (line.negated && !can_negate(row.name))
            return line.alert("cannot follow 'no' or 'default': only options and log can");
        line.proxy = proxy();
        const std::string no = line.negated ? "no " + std::string(row.name) : "";
        line.used(no, row.kind, row.reason, row.instead);
        if (row.kind == KeywordClass::refused && !line.negated)
            refuse(line, row.name, row.reason, row.instead);
        if (row.parse) row.parse(line, rest);
    }

    void misplaced(Line& line, const Row& row) {
        const bool other_half =
            (section_ == in_frontend || section_ == in_backend) && (row.where & in_proxy) != 0;
        const std::string text = "not allowed in section '" + section_name() + "'";
        if (section_ == 0)
            line.alert("no section is open; write 'global', 'defaults' or 'listen NAME' above");
        else if (other_half && row.kind != KeywordClass::refused && row.name != "server" &&
                 row.name != "bind" && !row.name.starts_with("tcp-request"))
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
        for (const auto& known : section_rows())
            singles.push_back(known.name);
        line.keyword = pairs.empty() ? std::string_view(words[0]) : pair;
        const std::string where = section_ == 0 ? "" : " in '" + section_name() + "' section";
        line.alert("unknown keyword" + where +
                   did_you_mean(line.keyword, pairs.empty() ? singles : pairs));
    }

    Draft& draft_;
    const Environment environment_;
    Blocks blocks_;
    const Location* at_ = nullptr;  // of the line being read
    unsigned section_ = 0;
    const SectionRow* row_ = nullptr;
    std::string section_title_;  // its name, else its kind
    bool skipping_ = false;
};

}  // namespace

void read_text(Draft& draft, std::string_view text, const std::string& file_name,
               const Environment& environment) {
    const auto file = std::make_shared<const std::string>(file_name);
    Reader reader(draft, environment);
    unsigned number = 0;
    const bool whole = text.empty() || text.ends_with('\n');
    while (!text.empty() && !draft.full()) {  // a text of mistakes alone is no configuration
        const auto end = text.find('\n');
        reader.line(text.substr(0, end), {file, ++number});
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    reader.end({file, number});
    if (!whole)
        draft.warning({file, number}, "missing LF on last line, file might have been truncated");
}

}  // namespace pgsteer::config
