#include "config/keywords.h"

namespace pgsteer::config {
namespace {

constexpr auto honoured = KeywordClass::honoured;
constexpr unsigned in_rules = in_defaults | in_frontend | in_backend | in_listen;

template <auto list>
void keep(Line& line, Words words) {
    if (!line.arguments(words, 1, most_words)) return;
    (line.proxy->rules.*list).push_back({{words.begin(), words.end()}, line.at});
}

void inspect_delay(Line& line, Words words) {
    if (!line.arguments(words, 1, 1)) return;
    if (const auto delay = line.time(words[0])) line.proxy->rules.inspect_delay = *delay;
}

constexpr Row rows[] = {
    {"acl", in_rules, honoured, keep<&RuleLines::acls>,
     "a name for a condition: NAME FETCH [-i] [-m METHOD] [-f FILE] [OPERATOR] PATTERN..."},
    {"use_backend", in_front, honoured, keep<&RuleLines::backends>,
     "where clients go for whom the condition holds; the first such line counts, and a waiting "
     "client is asked again when servers change"},
    {"use-server", in_back, honoured, keep<&RuleLines::servers>,
     "the server for clients for whom the condition holds, while it is usable"},
    {"tcp-request connection", in_front, honoured, keep<&RuleLines::connection>,
     "accept, reject, expect-proxy layer4, set-src or set-src-port, right after the accept"},
    {"tcp-request session", in_front, honoured, keep<&RuleLines::session>,
     "the same once a PROXY header was read"},
    {"tcp-request content", in_rules, honoured, keep<&RuleLines::content>,
     "accept, reject or set-src, when the client's first bytes can be looked at"},
    {"tcp-request inspect-delay", in_rules, honoured, inspect_delay,
     "how long content rules wait for the client's first bytes"},
};

}  // namespace

std::span<const Row> rule_rows() {
    return rows;
}

}  // namespace pgsteer::config
