// From rule lines to rules, once all sections are known.
#include <algorithm>
#include <array>

#include "config/acl.h"
#include "config/keywords.h"

namespace pgsteer::config {
namespace {

using Action = Rule::Action;
using Lines = std::vector<RuleLine>;

bool has_backend_half(const Proxy& proxy) {
    return proxy.section == in_backend || proxy.section == in_listen;
}

const Proxy* find_proxy(const Draft& draft, std::string_view name, bool backend) {
    for (const Proxy& proxy : draft.proxies)
        if (proxy.name == name && (backend ? has_backend_half(proxy) : proxy.section != in_backend))
            return &proxy;
    return nullptr;
}

struct ActionRow {
    std::string_view name;
    enum class Kind : std::uint8_t { honoured, inert, refused } kind = Kind::honoured;
    Action action = Action::accept;
    bool takes_sample = false;
    std::string_view why = {};
};
constexpr std::string_view no_tables = "nothing is tracked in tables";
constexpr std::array actions{
    ActionRow{"accept", ActionRow::Kind::honoured, Action::accept},
    ActionRow{"reject", ActionRow::Kind::honoured, Action::reject},
    ActionRow{"expect-proxy", ActionRow::Kind::honoured, Action::expect_proxy},
    ActionRow{"set-src", ActionRow::Kind::honoured, Action::set_source, true},
    ActionRow{"set-src-port", ActionRow::Kind::honoured, Action::set_source_port, true},
    ActionRow{"capture", ActionRow::Kind::inert},
    ActionRow{"set-dst", ActionRow::Kind::inert},
    ActionRow{"set-dst-port", ActionRow::Kind::inert},
    ActionRow{"set-log-level", ActionRow::Kind::inert},
    ActionRow{"set-mark", ActionRow::Kind::inert},
    ActionRow{"set-nice", ActionRow::Kind::inert},
    ActionRow{"set-tos", ActionRow::Kind::inert},
    ActionRow{"set-priority-class", ActionRow::Kind::inert},
    ActionRow{"set-priority-offset", ActionRow::Kind::inert},
    ActionRow{"silent-drop", ActionRow::Kind::refused, Action::reject, false,
              "clients are told; use 'reject'"},
    ActionRow{"expect-netscaler-cip", ActionRow::Kind::refused, Action::accept, false,
              "foreign headers are not read; use 'expect-proxy layer4'"},
    ActionRow{"track-sc*", ActionRow::Kind::refused, Action::accept, false, no_tables},
    ActionRow{"sc-*", ActionRow::Kind::refused, Action::accept, false, no_tables},
    ActionRow{"set-var*", ActionRow::Kind::refused, Action::accept, false,
              "there are no variables; write the fetch in the condition"},
    ActionRow{"unset-var*", ActionRow::Kind::refused, Action::accept, false,
              "there are no variables"},
    ActionRow{"do-resolve*", ActionRow::Kind::refused, Action::accept, false,
              "names are looked up for servers alone"},
    ActionRow{"lua.*", ActionRow::Kind::refused, Action::accept, false, "no Lua is run"},
    ActionRow{"send-spoe-group", ActionRow::Kind::refused, Action::accept, false,
              "no other program is asked"},
    ActionRow{"set-bandwidth-limit", ActionRow::Kind::refused, Action::accept, false,
              "sessions are not slowed down"},
    ActionRow{"switch-mode", ActionRow::Kind::refused, Action::accept, false,
              "PostgreSQL is not HTTP"},
    ActionRow{"use-service", ActionRow::Kind::refused, Action::accept, false,
              "no service but the servers"},
};

// What is said while the rules of one section are read: where, and by which keyword.
class RuleReader {
  public:
    RuleReader(Draft& draft, const Proxy& proxy) : draft_(draft), proxy_(proxy) {
        for (const RuleLine& line : proxy.rules.acls)
            if (const auto added = acls_.add(line.words); !added)
                alert(line, "acl " + line.words[0], added.error().text);
    }

    std::vector<Rule> rules(const Lines& lines, const std::string& keyword, Layer layer) {
        std::vector<Rule> rules;
        for (const RuleLine& line : lines)
            if (auto rule = this->rule(line, keyword, layer)) rules.push_back(std::move(*rule));
        return rules;
    }

    std::vector<Choice> choices(const Lines& lines, const std::string& keyword) {
        std::vector<Choice> choices;
        for (const RuleLine& line : lines) {
            const std::string name = keyword + " " + line.words[0];
            if (line.words[0].find("%[") != std::string::npos) {
                alert(line, name, "names made of values are not supported; write one line each");
                continue;
            }
            auto condition = this->condition(line, name, 1, Layer::content);
            if (!condition || !names_something(line, keyword)) continue;
            choices.push_back({line.words[0], std::move(*condition), line.at});
        }
        return choices;
    }

  private:
    void alert(const RuleLine& line, const std::string& keyword, const std::string& text) {
        draft_.alert(line.at, "'" + keyword + "' : " + text);
    }

    std::optional<Rule> rule(const RuleLine& line, const std::string& keyword, Layer layer) {
        const std::string& word = line.words[0];
        const auto row = std::find_if(actions.begin(), actions.end(), [&](const ActionRow& one) {
            return matches(one.name, word);
        });
        const std::string name = keyword + " " + word;
        if (row == actions.end()) {
            std::vector<std::string_view> names;
            for (const ActionRow& one : actions)
                names.push_back(one.name);
            alert(line, name, "unknown action" + did_you_mean(word, names));
            return std::nullopt;
        }
        if (row->kind == ActionRow::Kind::refused)
            return alert(line, name, "is not supported: " + std::string(row->why)), std::nullopt;
        if (row->kind == ActionRow::Kind::inert) return std::nullopt;
        Rule rule;
        rule.action = row->action;
        rule.at = line.at;
        std::size_t taken = 1;
        if (row->takes_sample && !value_of(line, name, rule, taken)) return std::nullopt;
        if (rule.action == Action::expect_proxy) {
            if (layer != Layer::internal || line.words.size() < 2 || line.words[1] != "layer4")
                return alert(line, name, "is written 'tcp-request connection expect-proxy layer4'"),
                       std::nullopt;
            taken = 2;
        }
        auto condition = this->condition(line, name, taken, layer);
        if (!condition) return std::nullopt;
        rule.condition = std::move(*condition);
        return rule;
    }

    bool value_of(const RuleLine& line, const std::string& name, Rule& rule, std::size_t& taken) {
        if (line.words.size() < 2) return alert(line, name, "needs a value"), false;
        auto parsed = parse_sample(line.words[1]);
        if (!parsed) return alert(line, name, parsed.error().text), false;
        const bool port = rule.action == Action::set_source_port;
        using Type = FetchRow::Type;
        if (parsed->row->type != (port ? Type::integer : Type::address))
            return alert(line, name, port ? "needs a number" : "needs an address"), false;
        rule.sample = std::move(parsed->sample);
        taken = 2;
        return known_names(line, name, rule.sample);
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
        const FetchRow& row = *fetch_row(sample.fetch);
        using Takes = FetchRow::Takes;
        const bool about_proxy = row.takes == Takes::backend || row.takes == Takes::frontend;
        if (about_proxy && sample.arguments.empty()) {
            const bool has_it = row.takes == Takes::backend ? proxy_.section != in_frontend
                                                            : proxy_.section != in_backend;
            if (!has_it) alert(line, name, "'" + sample.fetch + "' needs a name here");
            return has_it;
        }
        if (about_proxy) {
            const bool known = find_proxy(draft_, sample.arguments[0], row.takes == Takes::backend);
            if (!known)
                alert(line, name,
                      "'" + sample.text() + "' : unable to find " +
                          (row.takes == Takes::backend ? "backend '" : "frontend '") +
                          sample.arguments[0] + "'");
            return known;
        }
        return row.takes != Takes::server || known_server(line, name, sample);
    }

    bool known_server(const RuleLine& line, const std::string& name, const Sample& sample) {
        const std::string& text = sample.arguments[0];
        const std::size_t slash = text.find('/');
        const std::string section =
            slash == std::string::npos ? proxy_.name : text.substr(0, slash);
        const std::string server = slash == std::string::npos ? text : text.substr(slash + 1);
        const Proxy* const found = find_proxy(draft_, section, true);
        const bool known = found != nullptr && has_server(*found, server);
        if (!known)
            alert(line, name, "'" + sample.text() + "' : unable to find server '" + text + "'");
        return known;
    }

    static bool has_server(const Proxy& proxy, const std::string& name) {
        return std::any_of(proxy.back.servers.begin(), proxy.back.servers.end(),
                           [&](const Server& server) { return server.name == name; });
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
        return rules;
    }
    RuleReader reader(draft, proxy);
    rules.connection = reader.rules(lines.connection, "tcp-request connection", Layer::internal);
    rules.session = reader.rules(lines.session, "tcp-request session", Layer::session);
    rules.content = reader.rules(lines.content, "tcp-request content", Layer::content);
    rules.backends = reader.choices(lines.backends, "use_backend");
    rules.inspect_delay = lines.inspect_delay;
    return rules;
}

BackRules back_rules_of(Draft& draft, const Proxy& proxy) {
    BackRules rules;
    if (proxy.http_mode || proxy.section == in_frontend) return rules;
    // A listen section's content rules are its frontend's, where they come first anyway.
    RuleReader reader(draft, proxy);
    rules.servers = reader.choices(proxy.rules.servers, "use-server");
    if (proxy.section == in_listen) return rules;
    rules.content = reader.rules(proxy.rules.content, "tcp-request content", Layer::content);
    rules.inspect_delay = proxy.rules.inspect_delay;
    return rules;
}

}  // namespace pgsteer::config
