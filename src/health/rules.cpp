#include "health/rules.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "base/machine_name.h"

namespace pgsteer::health {
namespace {

using routing::BackendId;
using routing::RoutingTable;

template <class Id, class Rows>
std::optional<Id> find_row(const Rows& rows, std::string_view name) {
    const auto found = std::find_if(rows.begin(), rows.end(),
                                    [name](const auto& row) { return row.name == name; });
    if (found == rows.end()) return std::nullopt;
    return static_cast<Id>(found - rows.begin());
}

std::optional<routing::ServerId> find_server(const RoutingTable& table, BackendId backend,
                                             std::string_view name) {
    for (const routing::ServerId id : table.at(backend).servers)
        if (table.at(id).name == name) return id;
    return std::nullopt;
}

std::int64_t integer_of(const std::string& text) {
    std::int64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

// Translates the rules of one section.
class Translator {
  public:
    // `own`: the backend of a server that a fetch names without one.
    Translator(const RoutingTable& table, std::optional<BackendId> own, std::string own_name)
        : table_(table), own_(own), own_name_(std::move(own_name)) {}

    bool needs_destination() const { return needs_destination_; }

    routing::Sample sample(const config::Sample& from) {
        routing::Sample sample;
        sample.fetch = routing::find_fetch(from.fetch);
        needs_destination_ = needs_destination_ || from.fetch.starts_with("dst");
        fill(from, sample.arguments);
        return sample;
    }

    Condition<routing::Test> condition(const config::Condition& from) {
        return translated<routing::Test>(from, [this](const config::Test& test) {
            return routing::Test{sample(test.sample), test.match};
        });
    }

    std::vector<routing::Rule> rules(const std::vector<config::Rule>& from) {
        std::vector<routing::Rule> rules;
        for (const config::Rule& rule : from) {
            routing::Rule& made = rules.emplace_back();
            made.action = rule.action;
            if (!rule.sample.fetch.empty()) made.sample = sample(rule.sample);
            if (rule.action == RuleAction::track) made.table = table(rule.table);
            made.counter = rule.counter;
            made.second = rule.second;
            made.number = rule.number;
            made.condition = condition(rule.condition);
        }
        return rules;
    }

    std::vector<routing::StickRule> sticks(const std::vector<config::StickRule>& from) {
        std::vector<routing::StickRule> rules;
        for (const config::StickRule& rule : from)
            if (auto its = table(rule.table))
                rules.push_back({rule.matches, rule.stores, sample(rule.key), std::move(its),
                                 condition(rule.condition)});
        return rules;
    }

  private:
    std::shared_ptr<routing::StickTable> table(std::string_view name) const {
        const auto found = std::find_if(table_.stick_tables.begin(), table_.stick_tables.end(),
                                        [name](const auto& one) { return one->name() == name; });
        return found == table_.stick_tables.end() ? nullptr : *found;
    }

    void fill(const config::Sample& from, routing::Arguments& arguments) {
        using Takes = config::FetchRow::Takes;
        const config::FetchRow& row = *config::fetch_row(from.fetch);
        if (from.fetch == "hostname") arguments.text = machine_name();
        if (row.takes == Takes::table)
            arguments.table = table(from.arguments.empty() ? own_name_ : from.arguments[0]);
        if (from.arguments.empty()) return;
        const std::string& first = from.arguments[0];
        switch (row.takes) {
            case Takes::backend:
                arguments.backend = find_row<BackendId>(table_.backends, first);
                break;
            case Takes::frontend:
                arguments.frontend = find_row<routing::FrontendId>(table_.frontends, first);
                break;
            case Takes::server:
                arguments.server = server(first);
                break;
            case Takes::name:
                if (const char* const value = std::getenv(first.c_str())) {
                    arguments.text = value;
                    arguments.count = 1;
                }
                break;
            case Takes::constant:
                arguments.text = first;
                arguments.count = first == "true" ? 1 : integer_of(first);
                arguments.address = Address::from_literal(first, Port{0}).value_or(Address());
                break;
            case Takes::counter:
                arguments.numbers.push_back(integer_of(first));
                if (from.arguments.size() > 1) arguments.table = table(from.arguments[1]);
                break;
            default:
                for (const std::string& number : from.arguments)
                    arguments.numbers.push_back(integer_of(number));
        }
    }

    std::optional<routing::ServerId> server(const std::string& text) const {
        const std::size_t slash = text.find('/');
        if (slash == std::string::npos)
            return own_ ? find_server(table_, *own_, text) : std::nullopt;
        const auto backend = find_row<BackendId>(table_.backends, text.substr(0, slash));
        return backend ? find_server(table_, *backend, text.substr(slash + 1)) : std::nullopt;
    }

    const RoutingTable& table_;
    std::optional<BackendId> own_;
    std::string own_name_;  // of the section, for its own stick table
    bool needs_destination_ = false;
};

std::shared_ptr<const routing::FrontRules> front_rules(const config::FrontRules& from,
                                                       const RoutingTable& table,
                                                       std::optional<BackendId> own,
                                                       const std::string& name) {
    Translator translator(table, own, name);
    auto rules = std::make_shared<routing::FrontRules>();
    rules->connection = translator.rules(from.connection);
    rules->session = translator.rules(from.session);
    rules->content = translator.rules(from.content);
    rules->inspect_delay = from.inspect_delay;
    for (const config::Choice& choice : from.backends)
        if (const auto id = find_row<BackendId>(table.backends, choice.name))
            rules->backends.push_back({*id, translator.condition(choice.condition)});
    rules->needs_destination = translator.needs_destination();
    return rules;
}

std::shared_ptr<const routing::BackRules> back_rules(const config::Backend& backend,
                                                     const RoutingTable& table, BackendId own) {
    const config::BackRules& from = backend.rules;
    Translator translator(table, own, backend.name);
    auto rules = std::make_shared<routing::BackRules>();
    rules->content = translator.rules(from.content);
    rules->inspect_delay = from.inspect_delay;
    for (const config::Choice& choice : from.servers)
        if (const auto id = find_server(table, own, choice.name))
            rules->servers.push_back({*id, translator.condition(choice.condition)});
    rules->sticks = translator.sticks(backend.sticks);
    rules->needs_destination = translator.needs_destination();
    return rules;
}

// The name that TLS asks a server for.
void add_server_names(const config::Backend& backend, BackendId own, RoutingTable& table) {
    for (std::size_t i = 0; i < backend.servers.size(); ++i) {
        const auto& sni = backend.servers[i].tls.sni;
        if (!sni) continue;
        routing::ServerRow& row = table.servers[index_of(table.at(own).servers[i])];
        if (!row.outbound) continue;
        auto outbound = std::make_shared<routing::Outbound>(*row.outbound);
        outbound->server_name = std::make_shared<const routing::Sample>(
            Translator(table, own, backend.name).sample(*sni));
        row.outbound = std::move(outbound);
    }
}

// A backend's rules are asked on the way through its frontend's, so that one needs some, if empty.
void guard(RoutingTable& table) {
    for (routing::FrontendRow& front : table.frontends) {
        const auto& back = table.at(front.backend).rules;
        if (!front.rules && back && !back->content.empty())
            front.rules = std::make_shared<routing::FrontRules>();
    }
}

}  // namespace

routing::Sample sample_of(const config::Sample& sample, const RoutingTable& table,
                          const std::string& frontend) {
    return Translator(table, find_row<BackendId>(table.backends, frontend), frontend)
        .sample(sample);
}

void add_rules(const config::Config& config, RoutingTable& table) {
    for (const config::Frontend& frontend : config.frontends) {
        const auto id = find_row<routing::FrontendId>(table.frontends, frontend.name);
        const auto own = find_row<BackendId>(table.backends, frontend.name);
        if (id && frontend.rules.any())
            table.frontends[index_of(*id)].rules =
                front_rules(frontend.rules, table, own, frontend.name);
    }
    for (const config::Backend& backend : config.backends) {
        const auto id = find_row<BackendId>(table.backends, backend.name);
        if (id && (backend.rules.any() || !backend.sticks.empty()))
            table.backends[index_of(*id)].rules = back_rules(backend, table, *id);
        if (id) add_server_names(backend, *id, table);
    }
    guard(table);
}

}  // namespace pgsteer::health
