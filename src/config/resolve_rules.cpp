// From rule lines to rules, once all sections are known.
#include <algorithm>

#include "base/line_level.h"
#include "config/acl.h"
#include "config/keywords.h"
#include "config/rule_actions.h"
#include "config/rule_names.h"

namespace pgsteer::config {
namespace {

using Lines = std::vector<RuleLine>;

// Of a captured value: what is looked at of a client's first bytes at most.
constexpr std::int64_t most_captured = 16'384;

// What is said while the rules of one section are read: where, and by which keyword.
class RuleReader {
  public:
    RuleReader(Draft& draft, const Proxy& proxy) : draft_(draft), proxy_(proxy) {
        for (const RuleLine& line : proxy.rules.acls)
            if (const auto added = acls_.add(line.words); !added)
                alert(line, "acl " + line.words[0], added.error().text);
    }

    // `tcp-request connection`, `session` or `content` lines.
    std::vector<Rule> rules(const Lines& lines, Ruleset set) {
        std::vector<Rule> rules;
        for (const RuleLine& line : lines)
            if (auto rule = this->rule(line, set)) rules.push_back(std::move(*rule));
        return rules;
    }
    std::uint32_t captures() const { return captures_; }

    std::vector<Choice> choices(const Lines& lines, const std::string& keyword) {
        std::vector<Choice> choices;
        for (const RuleLine& line : lines) {
            const std::string name = keyword + " " + line.words[0];
            if (line.words[0].find("%[") != std::string::npos) {
                alert(line, name, "names made of values are not supported; write one line each");
                continue;
            }
            if (keyword == "use-server" && line.words.size() < 2) {
                alert(line, name, "needs 'if' or 'unless' and a condition");
                continue;
            }
            auto condition = this->condition(line, name, 1, Layer::content);
            if (!condition || !names_something(line, keyword)) continue;
            choices.push_back({line.words[0], std::move(*condition), line.at});
        }
        return choices;
    }

    bool knows(const Sample& sample, const std::string& keyword, const Location& at) {
        return known_names({{}, at}, keyword, sample);
    }

    // `stick on|match|store-request FETCH [table NAME] [if CONDITION]`
    std::vector<StickRule> sticks(const Lines& lines) {
        std::vector<StickRule> rules;
        for (const RuleLine& line : lines) {
            const std::string name = "stick " + line.words[0];
            StickRule rule;
            rule.matches = line.words[0] != "store-request";
            rule.stores = line.words[0] != "match";
            rule.at = line.at;
            std::size_t taken = 1;
            if (!key_of(line, name, rule.key, rule.table, taken)) continue;
            auto condition = this->condition(line, name, taken, Layer::content);
            if (!condition) continue;
            rule.condition = std::move(*condition);
            rules.push_back(std::move(rule));
        }
        return rules;
    }

  private:
    void alert(const RuleLine& line, const std::string& keyword, const std::string& text) {
        draft_.alert(line.at, "'" + keyword + "' : " + text);
    }

    std::optional<Rule> rule(const RuleLine& line, Ruleset set) {
        const std::string name = keyword_of(set) + " " + line.words[0];
        const ActionRow* const row = action(line, set, name);
        if (row == nullptr) return std::nullopt;
        Rule rule;
        rule.action = row->action;
        rule.at = line.at;
        std::size_t taken = 1;
        const bool tracks = rule.action == RuleAction::track;
        if (tracks && !key_of(line, name, rule.sample, rule.table, taken)) return std::nullopt;
        if (tracks) rule.counter = static_cast<unsigned>(line.words[0].back() - '0');
        if (!tracks && row->takes_value && !value_of(line, name, rule, taken)) return std::nullopt;
        if (!counter_of(line, name, rule, taken)) return std::nullopt;
        if (!level_of(line, name, rule, taken)) return std::nullopt;
        if (!capture_of(line, name, rule, taken)) return std::nullopt;
        if (rule.action == RuleAction::expect_proxy) {
            if (line.words.size() < 2 || line.words[1] != "layer4")
                return alert(line, name, "is written 'tcp-request connection expect-proxy layer4'"),
                       std::nullopt;
            taken = 2;
        }
        auto condition = this->condition(line, name, taken, layer_of(set));
        if (!condition) return std::nullopt;
        rule.condition = std::move(*condition);
        return rule;
    }

    static std::string keyword_of(Ruleset set) {
        const char* const kind = set == of_connection ? "connection"
                                 : set == of_session  ? "session"
                                                      : "content";
        return std::string("tcp-request ") + kind;
    }

    static Layer layer_of(Ruleset set) {
        return set == of_connection ? Layer::internal
               : set == of_session  ? Layer::session
                                    : Layer::content;
    }

    // Null: said what is wrong, or the line is without effect.
    const ActionRow* action(const RuleLine& line, Ruleset set, const std::string& name) {
        const auto rows = action_rows();
        const auto row = std::find_if(rows.begin(), rows.end(), [&](const ActionRow& one) {
            return matches(one.name, line.words[0]);
        });
        if (row == rows.end()) {
            std::vector<std::string_view> names;
            for (const ActionRow& one : rows)
                if ((one.where & set) != 0) names.push_back(one.name);
            return alert(line, name, "unknown action" + did_you_mean(line.words[0], names)),
                   nullptr;
        }
        if ((row->where & set) == 0)
            return alert(line, name, "is not allowed in '" + keyword_of(set) + "' rules"), nullptr;
        const Environment nothing;
        Line told{draft_, nullptr, line.at, name, false, nothing};
        told.used(name, row->kind, row->help, row->instead);
        if (row->kind == KeywordClass::refused) refuse(told, name, row->help, row->instead);
        return row->kind == KeywordClass::honoured ? &*row : nullptr;
    }

    bool value_of(const RuleLine& line, const std::string& name, Rule& rule, std::size_t& taken) {
        if (line.words.size() < 2) return alert(line, name, "needs a value"), false;
        auto parsed = parse_sample(line.words[1]);
        if (!parsed) return alert(line, name, parsed.error().text), false;
        const bool port = rule.action == RuleAction::set_source_port ||
                          rule.action == RuleAction::set_destination_port;
        using Type = FetchRow::Type;
        if (rule.action != RuleAction::capture &&
            parsed->row->type != (port ? Type::integer : Type::address))
            return alert(line, name, port ? "needs a number" : "needs an address"), false;
        rule.sample = std::move(parsed->sample);
        taken = 2;
        return known_names(line, name, rule.sample);
    }

    // FETCH [table NAME], from the word `taken` on.
    bool key_of(const RuleLine& line, const std::string& name, Sample& key, std::string& table,
                std::size_t& taken) {
        if (line.words.size() <= taken) return alert(line, name, "needs a key"), false;
        auto parsed = parse_sample(line.words[taken++]);
        if (!parsed) return alert(line, name, parsed.error().text), false;
        table = proxy_.name;
        if (line.words.size() > taken && line.words[taken] == "table") {
            if (line.words.size() == taken + 1)
                return alert(line, name, "'table' needs a name"), false;
            table = line.words[taken + 1];
            taken += 2;
        }
        const TableSpec* const spec = find_table(draft_, table);
        if (spec == nullptr)
            return alert(line, name, "there is no stick-table in '" + table + "'"), false;
        using Type = FetchRow::Type;
        const Type type = parsed->row->type;
        const bool number = type == Type::integer || type == Type::boolean;
        const bool keyed =
            spec->type == KeyType::string ||
            (spec->type == KeyType::binary    ? !number
             : spec->type == KeyType::integer ? type != Type::bytes
                                              : type == Type::address || type == Type::text);
        if (!keyed)
            return alert(line, name,
                         "'" + parsed->sample.text() + "' cannot be a key of that table"),
                   false;
        key = std::move(parsed->sample);
        return known_names(line, name, key);
    }

    // `capture FETCH len BYTES`
    bool capture_of(const RuleLine& line, const std::string& name, Rule& rule, std::size_t& taken) {
        if (rule.action != RuleAction::capture) return true;
        if (proxy_.section == in_backend)
            return alert(line, name, "proxy '" + proxy_.name + "' has no frontend capability"),
                   false;
        if (line.words.size() <= taken || line.words[taken] != "len")
            return alert(line, name, "a positive 'len' argument is mandatory"), false;
        const auto length = parse_integer(
            line.words.size() > taken + 1 ? line.words[taken + 1] : "", 1, most_captured);
        if (!length)
            return alert(line, name, "length must be 1 to " + std::to_string(most_captured)), false;
        taken += 2;
        rule.number = static_cast<std::uint64_t>(*length);
        rule.counter = captures_++;
        return true;
    }

    // `sc-inc-gpc0(N)`, `sc-set-gpt0(N) NUMBER`
    bool counter_of(const RuleLine& line, const std::string& name, Rule& rule, std::size_t& taken) {
        const bool assigns = rule.action == RuleAction::assign;
        if (!assigns && rule.action != RuleAction::increment) return true;
        const std::string_view word = line.words[0];
        const auto open = word.find('(');
        const bool complete = open != std::string_view::npos && word.ends_with(')');
        const auto counter =
            parse_integer(complete ? word.substr(open + 1, word.size() - open - 2) : "", 0, 2);
        if (!counter) return alert(line, name, "needs (0), (1) or (2)"), false;
        rule.counter = static_cast<unsigned>(*counter);
        rule.second = word.starts_with("sc-inc-gpc1");
        if (!assigns) return true;
        const auto number =
            parse_integer(line.words.size() > 1 ? line.words[1] : "", 0, 4'294'967'295);
        if (!number) return alert(line, name, "needs a number"), false;
        rule.number = static_cast<std::uint64_t>(*number);
        taken = 2;
        return true;
    }

    // `set-log-level LEVEL`
    bool level_of(const RuleLine& line, const std::string& name, Rule& rule, std::size_t& taken) {
        if (rule.action != RuleAction::set_log_level) return true;
        const std::string& word = line.words.size() > 1 ? line.words[1] : "";
        const auto found =
            std::find(line_level_names.begin() + 1, line_level_names.end(), std::string_view(word));
        if (found == line_level_names.end())
            return alert(line, name, "expects exactly 1 argument (log level name or 'silent')"),
                   false;
        rule.number = static_cast<std::uint64_t>(found - line_level_names.begin());
        taken = 2;
        return true;
    }

    std::optional<Condition> condition(const RuleLine& line, const std::string& name,
                                       std::size_t first, Layer layer) {
        const std::vector<std::string> words(
            line.words.begin() + static_cast<std::ptrdiff_t>(std::min(first, line.words.size())),
            line.words.end());
        auto condition = acls_.condition(words);
        if (!condition) return alert(line, name, condition.error().text), std::nullopt;
        bool good = true;
        each_test(*condition, [&](const Test& test) {
            const FetchRow& row = *fetch_row(test.sample.fetch);
            if (row.layer == Layer::content && layer != Layer::content)
                draft_.warning(line.at, "'" + name + "' : '" + test.sample.text() +
                                            "' never matches here: the client's bytes are not "
                                            "looked at yet; use 'tcp-request content'");
            if (test.match.empty())
                draft_.warning(line.at, "'" + name + "' : '" + test.sample.text() +
                                            "' has no pattern to match against and never matches");
            good = known_names(line, name, test.sample) && good;
        });
        return good ? std::optional(std::move(*condition)) : std::nullopt;
    }

    // Do the proxies and servers exist that a fetch is about?
    bool known_names(const RuleLine& line, const std::string& name, const Sample& sample) {
        const std::string wrong = wrong_name(draft_, proxy_, sample);
        if (!wrong.empty()) alert(line, name, wrong);
        return wrong.empty();
    }

    bool names_something(const RuleLine& line, const std::string& keyword) {
        const std::string& name = line.words[0];
        if (keyword == "use-server") {
            if (has_server(proxy_, name)) return true;
            return alert(line, keyword, "unable to find server '" + name + "' in this section"),
                   false;
        }
        const Proxy* const found = find_proxy(draft_, name, true);
        if (found != nullptr && !found->http_mode) return true;
        std::vector<std::string_view> names;
        for (const Proxy& other : draft_.proxies)
            if (has_backend_half(other)) names.push_back(other.name);
        alert(line, keyword,
              found != nullptr
                  ? "backend '" + name + "' is in mode http; use one in mode tcp"
                  : "unable to find required backend '" + name + "'" + did_you_mean(name, names));
        return false;
    }

    Draft& draft_;
    const Proxy& proxy_;
    Acls acls_;
    std::uint32_t captures_ = 0;
};

}  // namespace

FrontRules front_rules_of(Draft& draft, const Proxy& proxy) {
    const RuleLines& lines = proxy.rules;
    FrontRules rules;
    if (proxy.section == in_backend) return rules;
    if (proxy.http_mode) {
        for (const Lines* list : {&lines.connection, &lines.session, &lines.content})
            for (const RuleLine& line : *list)
                draft.alert(line.at,
                            "'tcp-request' : is not supported on a stats page; use 'stats "
                            "auth', or bind the page to an address of your own network");
        for (const Bind& bind : proxy.front.binds)
            if (bind.accept_proxy)
                draft.alert(bind.at,
                            "'bind ... accept-proxy' : the stats page reads no PROXY "
                            "headers; give it a 'bind' line of its own");
        return rules;
    }
    RuleReader reader(draft, proxy);
    rules.connection = reader.rules(lines.connection, of_connection);
    rules.session = reader.rules(lines.session, of_session);
    rules.content = reader.rules(lines.content, of_content);
    rules.captures = reader.captures();
    rules.backends = reader.choices(lines.backends, "use_backend");
    rules.inspect_delay = lines.inspect_delay;
    return rules;
}

bool names_something(Draft& draft, const Proxy& proxy, const Sample& sample,
                     const std::string& keyword, const Location& at) {
    Proxy plain;  // its acls were read already
    plain.section = proxy.section;
    plain.name = proxy.name;
    plain.back.servers = proxy.back.servers;
    return RuleReader(draft, plain).knows(sample, keyword, at);
}

BackRules back_rules_of(Draft& draft, const Proxy& proxy) {
    BackRules rules;
    if (proxy.http_mode || proxy.section == in_frontend) return rules;
    // A listen section's content rules are its frontend's, where they come first anyway.
    RuleReader reader(draft, proxy);
    rules.servers = reader.choices(proxy.rules.servers, "use-server");
    if (proxy.section == in_listen) return rules;
    rules.content = reader.rules(proxy.rules.content, of_content);
    rules.inspect_delay = proxy.rules.inspect_delay;
    return rules;
}

std::vector<StickRule> stick_rules_of(Draft& draft, const Proxy& proxy) {
    if (proxy.http_mode || proxy.section == in_frontend) return {};
    return RuleReader(draft, proxy).sticks(proxy.rules.sticks);
}

}  // namespace pgsteer::config
