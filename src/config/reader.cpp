#include "config/reader.h"

#include <algorithm>

#include "config/conditions.h"
#include "config/sections.h"

namespace pgsteer::config {
namespace {

constexpr std::size_t most_line_bytes = 65'536;
constexpr std::size_t most_nested_conditions = 64;

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

// HAProxy 2.6 takes "no" and "default" before these alone (cfgparse.c).
bool can_negate(std::string_view name) {
    constexpr std::string_view others[] = {
        "log",           "busy-polling",         "set-dumpable",
        "strict-limits", "insecure-fork-wanted", "numa-cpu-mapping"};
    return name.starts_with("option ") ||
           std::find(std::begin(others), std::end(others), name) != std::end(others);
}

std::string joined(Words words) {
    std::string text;
    for (const auto& word : words)
        text += (text.empty() ? "" : " ") + word;
    return text;
}

class Reader {
  public:
    Reader(Draft& draft, const Environment& environment)
        : draft_(draft), environment_([this, &environment](const std::string& name) {
              const auto own = draft_.variables.find(name);
              if (own != draft_.variables.end()) return own->second;
              const bool asked = environment && !draft_.environment_hidden;
              return asked ? environment(name) : std::nullopt;
          }) {}

    void line(std::string_view text, const Location& at) {
        if (text.size() > most_line_bytes) return draft_.alert(at, "line too long");
        auto split = split_words(text, environment_);
        // As in HAProxy, a line that `.if` leaves out must have its quotes right too.
        if (!split) return draft_.alert(at, split.error().text);
        if (split->empty() || directive(*split, at) || !taking()) return;
        const Words words(*split);
        for (const auto& row : section_rows())
            if (row.name == words[0] && opens(row, words)) return open(row, words, at);
        if (skipping_) return skipped_line(words[0], at);
        statement(words, at);
    }

    void end(const Location& at) {
        save_defaults();
        if (!conditions_.empty())
            draft_.alert(at, "missing '.endif' for " + std::to_string(conditions_.size()) +
                                 " '.if' above the end of the file");
    }

  private:
    // Of one `.if`: is its block being taken, may a later one be, or has one been?
    enum class Branch { taken, open, done };

    bool taking() const {
        return std::all_of(conditions_.begin(), conditions_.end(),
                           [](Branch branch) { return branch == Branch::taken; });
    }

    // A line that starts with a dot: `.if` and its like. Answers whether it was one.
    bool directive(Words words, const Location& at) {
        const std::string& name = words[0];
        const std::string rest = joined(words.subspan(1));
        if (name == ".if") {
            if (conditions_.size() >= most_nested_conditions)
                draft_.alert(at, "too many nested '.if'");
            else
                conditions_.push_back(taking() ? branch(rest, at) : Branch::done);
        } else if (name == ".elif" || name == ".else" || name == ".endif") {
            if (conditions_.empty())
                draft_.alert(at, "lone '" + name + "' with no matching '.if'");
            else
                next_branch(name, rest, at);
        } else if (name == ".notice" || name == ".diag" || name == ".warning" || name == ".alert") {
            const auto severity = name == ".alert"     ? Severity::alert
                                  : name == ".warning" ? Severity::warning
                                                       : Severity::notice;
            if (taking() && name != ".diag") draft_.report(severity, at, "'" + rest + "'");
        } else {
            return false;
        }
        return true;
    }

    void next_branch(const std::string& name, const std::string& rest, const Location& at) {
        const Branch before = conditions_.back();
        conditions_.pop_back();
        if (name == ".endif") return;
        Branch next = Branch::done;
        if (before == Branch::open && taking())
            next = name == ".else" ? Branch::taken : branch(rest, at);
        conditions_.push_back(next);
    }

    Branch branch(const std::string& condition, const Location& at) {
        const auto value = holds(condition, environment_);
        if (!value) draft_.alert(at, value.error().text);
        return value && *value ? Branch::taken : Branch::open;
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
        draft_.use({std::string(row.name), row.kind, at, std::string(row.reason),
                    std::string(row.instead)});
        Line line{draft_, nullptr, at, words[0], false, environment_};
        if (row.kind == KeywordClass::refused) refuse(line, row.name, row.reason, row.instead);
        if (row.section == in_global) line.arguments(words.subspan(1), 0, 0);
        if (row.section == in_resolvers)
            open_resolvers(line, words);
        else if (row.section != 0 && row.section != in_global)
            open_proxy(line, words);
    }

    void open_resolvers(Line& line, Words words) {
        (void)line.arguments(words.subspan(1), 1, 1);
        Resolvers& section = draft_.resolvers.emplace_back();
        if (words.size() > 1) section.name = words[1];
        section.at = line.at;
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
        if (section_ == in_global || section_ == in_resolvers) return nullptr;
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
        const std::string pair = words.size() > 1 ? words[0] + " " + words[1] : words[0];
        const unsigned anywhere = in_global | in_proxy | in_resolvers;
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
        if (line.negated && !can_negate(row.name))
            return line.alert("cannot follow 'no' or 'default': only options and log can");
        line.proxy = proxy();
        line.used((line.negated ? "no " : "") + line.keyword, row.kind, row.reason, row.instead);
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
        line.keyword = pairs.empty() ? words[0] : pair;
        const std::string where = section_ == 0 ? "" : " in '" + section_name() + "' section";
        line.alert("unknown keyword" + where +
                   did_you_mean(line.keyword, pairs.empty() ? singles : pairs));
    }

    Draft& draft_;
    const Environment environment_;
    unsigned section_ = 0;
    const SectionRow* row_ = nullptr;
    bool skipping_ = false;
    std::vector<Branch> conditions_;
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
