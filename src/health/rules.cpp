#include "health/rules.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>

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

std::string machine_name() {
    std::array<char, 256> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

// Translates the rules of one section.
class Translator {
  public:
    // `own`: the backend of a server that a fetch names without one.
    Translator(const RoutingTable& table, std::optional<BackendId> own)
        : table_(table), own_(own) {}

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
            made.condition = condition(rule.condition);
        }
        return rules;
    }

  private:
    void fill(const config::Sample& from, routing::Arguments& arguments) {
        using Takes = config::FetchRow::Takes;
        const config::FetchRow& row = *config::fetch_row(from.fetch);
        if (from.fetch == "hostname") arguments.text = machine_name();
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
    bool needs_destination_ = false;
};

std::shared_ptr<const routing::FrontRules> front_rules(const config::FrontRules& from,
                                                       const RoutingTable& table,
                                                       std::optional<BackendId> own) {
    Translator translator(table, own);
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

std::shared_ptr<const routing::BackRules> back_rules(const config::BackRules& from,
                                                     const RoutingTable& table, BackendId own) {
    Translator translator(table, own);
    auto rules = std::make_shared<routing::BackRules>();
    rules->content = translator.rules(from.content);
    rules->inspect_delay = from.inspect_delay;
    for (const config::Choice& choice : from.servers)
        if (const auto id = find_server(table, own, choice.name))
            rules->servers.push_back({*id, translator.condition(choice.condition)});
    rules->needs_destination = translator.needs_destination();
    return rules;
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
    return Translator(table, find_row<BackendId>(table.backends, frontend)).sample(sample);
}

void add_rules(const config::Config& config, RoutingTable& table) {
    for (const config::Frontend& frontend : config.frontends) {
        const auto id = find_row<routing::FrontendId>(table.frontends, frontend.name);
        const auto own = find_row<BackendId>(table.backends, frontend.name);
        if (id && frontend.rules.any())
            table.frontends[index_of(*id)].rules = front_rules(frontend.rules, table, own);
    }
    for (const config::Backend& backend : config.backends) {
        const auto id = find_row<BackendId>(table.backends, backend.name);
        if (id && backend.rules.any())
            table.backends[index_of(*id)].rules = back_rules(backend.rules, table, *id);
    }
    guard(table);
}

}  // namespace pgsteer::health
