#include "admin/page_order.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "admin/actions.h"
#include "admin/desk.h"
#include "http/percent.h"

namespace pgsteer::admin {
namespace {

constexpr ActionRow actions[] = {
    {"ready", "Set ready", false, true},
    {"drain", "Drain: no new sessions", false, true},
    {"maint", "Maintenance", false, true},
    {"shutdown", "Cut sessions", true, true},
    {"weight", "Set weight", false, true},
    {"dhlth", "Checks: pause"},
    {"ehlth", "Checks: resume"},
    {"hrunn", "Checks: force up"},
    {"hnolb", "Checks: force no new sessions"},
    {"hdown", "Checks: force down"},
    {"dagent", "Agent: pause"},
    {"eagent", "Agent: resume"},
    {"arunn", "Agent: force up"},
    {"adown", "Agent: force down"},
    {"enable", ""},
    {"disable", ""},
    {"stop", ""},
    {"start", ""},
};

constexpr OrderResult results[] = {
    {"DONE", "Done.", true},
    {"PART", "Done for some of the servers; the others are unknown or took no change.", false},
    {"NONE", "Nothing was changed: no server was chosen, or it is so already.", false},
    {"ERRP", "Nothing was changed: a server, a backend, an action or a weight is unknown.", false},
    {"DENY", "Nothing was changed: you may not change things here ('stats admin' says who may).",
     false},
    {"EXCD", "Nothing was changed: too many servers at once.", false},
    {"UNKN", "Nothing was changed: what was asked for was not understood.", false},
};

std::string plain(std::string_view coded) {
    std::string text(coded);
    std::replace(text.begin(), text.end(), '+', ' ');
    return http::percent_decode(text);
}

void take(Order& order, const std::string& key, std::string value) {
    if (key == "s") {
        order.servers.push_back(std::move(value));
    } else if (key == "b") {
        order.backend = std::move(value);
    } else if (key == "action") {
        order.action = std::move(value);
    } else if (key == "w") {
        order.weight = std::move(value);
    } else if (key == "token") {
        order.token = std::move(value);
    } else if (key == "confirm") {
        order.confirmed = value == "yes";
    }
}

std::optional<std::string> backend_name(const Desk& desk, const std::string& text) {
    std::uint32_t id = 0;
    const bool by_id = text.starts_with('#');
    if (by_id) std::from_chars(text.data() + 1, text.data() + text.size(), id);
    for (const config::Backend& backend : desk.config->backends)
        if (by_id ? backend.id == id : backend.name == text) return backend.name;
    return std::nullopt;
}

// Was there anything to change?
bool carry_out(Desk& desk, routing::ServerId server, const Order& order) {
    using health::AdminMode;
    using health::ForcedHealth;
    const std::string& action = order.action;
    const bool maintenance = desk.cluster.admin(server).mode == AdminMode::maintenance;
    if (action == "disable" || action == "stop") {
        if (maintenance) return false;
        set_mode(desk, server, AdminMode::maintenance);
    } else if (action == "enable" || action == "start") {
        if (!maintenance) return false;
        set_mode(desk, server, AdminMode::ready);
    } else if (action == "ready") {
        set_mode(desk, server, AdminMode::ready);
    } else if (action == "drain") {
        set_mode(desk, server, AdminMode::drain);
    } else if (action == "maint") {
        set_mode(desk, server, AdminMode::maintenance);
    } else if (action == "shutdown") {
        end_sessions(desk, server);
    } else if (action == "weight") {
        return set_weight(desk, server, order.weight).empty();
    } else if (action == "dhlth" || action == "ehlth") {
        pause_checks(desk, server, action == "dhlth");
    } else if (action == "hrunn") {
        force_health(desk, server, ForcedHealth::up);
    } else if (action == "hnolb") {
        force_health(desk, server, ForcedHealth::stopping);
    } else if (action == "hdown") {
        force_health(desk, server, ForcedHealth::down);
    } else if (action == "dagent" || action == "eagent") {
        pause_agent(desk, server, action == "dagent");
    } else {
        force_agent(desk, server, action == "arunn");
    }
    return true;
}

}  // namespace

Order read_order(std::string_view body) {
    Order order;
    while (!body.empty()) {
        const std::string_view pair = body.substr(0, body.find('&'));
        body.remove_prefix(std::min(pair.size() + 1, body.size()));
        const std::size_t equals = pair.find('=');
        if (equals != std::string_view::npos)
            take(order, plain(pair.substr(0, equals)), plain(pair.substr(equals + 1)));
    }
    return order;
}

std::span<const ActionRow> order_actions() {
    return actions;
}

const ActionRow* order_action(std::string_view word) {
    const auto* const found = std::find_if(std::begin(actions), std::end(actions),
                                           [word](const auto& row) { return row.word == word; });
    return found == std::end(actions) ? nullptr : found;
}

std::string_view carry_out(Desk& desk, const Order& order) {
    if (!order.action.empty() && order_action(order.action) == nullptr) return "ERRP";
    const auto backend = backend_name(desk, order.backend);
    if (!order.backend.empty() && !backend) return "ERRP";
    if (order.servers.empty()) return "NONE";
    if (!backend || order.action.empty()) return "ERRP";
    std::size_t known = 0;
    std::size_t altered = 0;
    for (const std::string& name : order.servers) {
        const auto server = desk.cluster.find(*backend, name);
        if (!server) continue;
        ++known;
        if (carry_out(desk, *server, order)) ++altered;
    }
    if (known == 0) return "ERRP";
    if (altered == 0) return order.action == "weight" ? "ERRP" : "NONE";
    return altered == order.servers.size() ? "DONE" : "PART";
}

const OrderResult* order_result(std::string_view word) {
    const auto* const found = std::find_if(std::begin(results), std::end(results),
                                           [word](const auto& row) { return row.word == word; });
    return found == std::end(results) ? nullptr : found;
}

}  // namespace pgsteer::admin
