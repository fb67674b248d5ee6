#include <array>

#include "config/dump.h"
#include "config/rule_actions.h"

namespace pgsteer::config {
namespace {

std::string words(const Range& range) {
    if (range.lowest == range.highest) return std::to_string(range.lowest);
    const bool open_below = range.lowest == std::numeric_limits<std::int64_t>::min();
    const bool open_above = range.highest == std::numeric_limits<std::int64_t>::max();
    return (open_below ? "" : std::to_string(range.lowest)) + ":" +
           (open_above ? "" : std::to_string(range.highest));
}

std::string words(const Match& match) {
    static constexpr std::array<const char*, 13> kinds = {"bool", "found", "int", "len", "ip",
                                                          "str",  "bin",   "beg", "end", "sub",
                                                          "reg",  "dir",   "dom"};
    std::string text = kinds[static_cast<std::size_t>(match.kind)];
    if (match.ignore_case) text += " -i";
    for (const Range& range : match.ranges)
        text += " " + words(range);
    for (const Network& network : match.networks)
        text += " " + network.address.host() + "/" + std::to_string(network.bits);
    for (const std::string& pattern : match.texts)
        text += " " + quoted(pattern);
    if (!match.expressions.empty())
        text += " " + std::to_string(match.expressions.size()) + " expressions";
    return text;
}

std::string words(const Term& term) {
    std::string text = term.negated ? "!" : "";
    for (std::size_t i = 0; i < term.any.size(); ++i)
        text +=
            (i == 0 ? "{ " : " | ") + term.any[i].sample.text() + " " + words(term.any[i].match);
    return text + " }";
}

std::string words(const Rule& rule) {
    std::string text(action_name(rule.action));
    if (!rule.sample.fetch.empty()) text += " " + rule.sample.text();
    if (!rule.table.empty()) text += " table " + quoted(rule.table);
    if (rule.counter != 0 || rule.second || rule.number != 0)
        text += " (" + std::to_string(rule.counter) + (rule.second ? ", second, " : ", ") +
                std::to_string(rule.number) + ")";
    return text + words(rule.condition);
}

void add(std::vector<std::string>& lines, const char* kind, const std::vector<Rule>& rules) {
    for (const Rule& rule : rules)
        lines.push_back(kind + (" " + words(rule)));
}

void add(std::vector<std::string>& lines, const char* kind, const std::vector<Choice>& choices) {
    for (const Choice& choice : choices)
        lines.push_back(kind + (" " + choice.name) + words(choice.condition));
}

}  // namespace

std::string words(const Condition& condition) {
    if (condition.any.empty()) return "";
    std::string text = condition.negated ? " unless" : " if";
    for (std::size_t i = 0; i < condition.any.size(); ++i) {
        if (i > 0) text += " or";
        for (const Term& term : condition.any[i])
            text += " " + words(term);
    }
    return text;
}

std::string words(const PageRule& rule) {
    static constexpr std::array<const char*, 3> actions = {"allow", "deny", "auth"};
    std::string text = actions[static_cast<std::size_t>(rule.action)];
    if (rule.realm) text += " realm " + quoted(*rule.realm);
    return text + words(rule.condition);
}

std::vector<std::string> words(const FrontRules& rules) {
    std::vector<std::string> lines;
    add(lines, "connection", rules.connection);
    add(lines, "session", rules.session);
    add(lines, "content", rules.content);
    add(lines, "use_backend", rules.backends);
    return lines;
}

std::vector<std::string> words(const BackRules& rules) {
    std::vector<std::string> lines;
    add(lines, "content", rules.content);
    add(lines, "use-server", rules.servers);
    return lines;
}

}  // namespace pgsteer::config
