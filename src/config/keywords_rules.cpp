#include "config/keywords.h"

namespace pgsteer::config {
namespace {

constexpr auto honoured = KeywordClass::honoured;
constexpr unsigned in_rules = in_defaults | in_frontend | in_backend | in_listen;

// As in HAProxy 2.6: what sections inherit rules from is named.
bool is_place_for_rules(Line& line) {
    if (line.proxy->section != in_defaults || !line.proxy->name.empty()) return true;
    line.alert("is not allowed in a 'defaults' section without a name; write 'defaults NAME'");
    return false;
}

// The order of the lines is not the order in which they are asked: HAProxy says so, too.
template <auto list>
void say_order(Line& line) {
    const RuleLines& rules = line.proxy->rules;
    struct Asked {
        const std::vector<RuleLine>* lines;
        const char* keyword;
    };
    const Asked in_order[] = {{&rules.connection, "tcp-request connection"},
                              {&rules.session, "tcp-request session"},
                              {&rules.content, "tcp-request content"},
                              {&rules.backends, "use_backend"},
                              {&rules.servers, "use-server"}};
    bool later = false;
    for (const Asked& one : in_order) {
        if (later && !one.lines->empty())
            return line.warning("is asked before the '" + std::string(one.keyword) +
                                "' lines above it");
        later = later || one.lines == &(rules.*list);
    }
}

template <auto list>
void keep(Line& line, Words words) {
    if (!line.arguments(words, 1, most_words)) return;
    if (!is_place_for_rules(line)) return;
    say_order<list>(line);
    (line.proxy->rules.*list).push_back({{words.begin(), words.end()}, line.at});
}

void inspect_delay(Line& line, Words words) {
    if (!line.arguments(words, 1, 1) || !is_place_for_rules(line)) return;
    if (const auto delay = line.time(words[0])) line.proxy->rules.inspect_delay = *delay;
}

constexpr Row rows[] = {
    {"acl", in_rules, honoured, keep<&RuleLines::acls>,
     "a name for a condition: NAME FETCH [-i] [-m METHOD] [-f FILE] [OPERATOR] PATTERN..."},
    {"use_backend", in_frontend | in_listen, honoured, keep<&RuleLines::backends>,
     "where clients go for whom the condition holds; the first such line counts, and a waiting "
     "client is asked again when servers change"},
    {"use-server", in_backend | in_listen, honoured, keep<&RuleLines::servers>,
     "the server for clients for whom the condition holds, while it is usable"},
    {"tcp-request connection", in_front, honoured, keep<&RuleLines::connection>,
     "an action right after the accept, if a condition holds; actions are listed below"},
    {"tcp-request session", in_front, honoured, keep<&RuleLines::session>,
     "the same once a PROXY header was read"},
    {"tcp-request content", in_rules, honoured, keep<&RuleLines::content>,
     "the same when the client's first bytes can be looked at"},
    {"tcp-request inspect-delay", in_rules, honoured, inspect_delay,
     "how long content rules wait for the client's first bytes"},
};

}  // namespace

std::span<const Row> rule_rows() {
    return rows;
}

}  // namespace pgsteer::config
