#include "probe/node_json.h"

#include <charconv>
#include <nlohmann/json.hpp>

namespace pgsteer::probe {
namespace {

using health::Doubt;
using health::NodeState;
using health::Role;
using nlohmann::json;
using nlohmann::ordered_json;

// A message in a server's own encoding must not make the text fail.
constexpr auto replace = ordered_json::error_handler_t::replace;

template <class Value, class Show>
ordered_json or_null(const std::optional<Value>& value, Show show) {
    if (!value) return nullptr;
    return show(*value);
}

std::optional<std::string> text_of(const json& object, const char* name) {
    const auto found = object.find(name);
    if (found == object.end() || !found->is_string()) return std::nullopt;
    return found->get<std::string>();
}

std::optional<std::int64_t> number_of(const json& object, const char* name) {
    const auto found = object.find(name);
    if (found == object.end() || !found->is_number_integer()) return std::nullopt;
    return found->get<std::int64_t>();
}

std::optional<bool> truth_of(const json& object, const char* name) {
    const auto found = object.find(name);
    if (found == object.end() || !found->is_boolean()) return std::nullopt;
    return found->get<bool>();
}

std::optional<pgwire::Timeline> timeline_of(const json& object) {
    const auto value = number_of(object, "timeline");
    if (!value || *value < 1 || *value > 0xffffffffLL) return std::nullopt;
    return pgwire::Timeline{static_cast<std::uint32_t>(*value)};
}

std::optional<pgwire::SystemId> system_of(const json& object, const char* name) {
    const auto text = text_of(object, name);
    if (!text) return std::nullopt;
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (error != std::errc() || end != text->data() + text->size()) return std::nullopt;
    return pgwire::SystemId{value};
}

std::optional<pgwire::Lsn> lsn_of(const json& object, const char* name) {
    const auto text = text_of(object, name);
    return text ? pgwire::parse_lsn(*text) : std::nullopt;
}

// Patroni writes positions as plain numbers.
std::optional<pgwire::Lsn> position_of(const json& object, const char* name) {
    const auto value = number_of(object, name);
    if (!value || *value < 0) return std::nullopt;
    return pgwire::Lsn{static_cast<std::uint64_t>(*value)};
}

json parse_object(std::string_view text) {
    json object = json::parse(text, nullptr, false);
    return object.is_object() ? object : json();
}

}  // namespace

ordered_json node_json(const NodeState& node) {
    const auto lsn_text = [](pgwire::Lsn lsn) { return lsn.text(); };
    ordered_json object;
    object["role"] = word(node.role);
    object["doubt"] = word(node.doubt);
    object["reason"] = node.reason;
    object["timeline"] = or_null(node.timeline, [](auto t) { return static_cast<unsigned>(t); });
    object["system"] = or_null(
        node.system, [](auto id) { return std::to_string(static_cast<std::uint64_t>(id)); });
    object["lsn"] = or_null(node.lsn, lsn_text);
    object["received"] = or_null(node.received, lsn_text);
    object["replay_delay_ms"] = or_null(node.replay_delay, [](auto d) { return d.count(); });
    object["streaming"] = or_null(node.streaming, [](bool yes) { return yes; });
    object["read_only"] = node.read_only;
    return object;
}

std::string node_text(const NodeState& node) {
    return node_json(node).dump(-1, ' ', true, replace);
}

std::optional<NodeState> read_node_text(std::string_view text) {
    const json object = parse_object(text);
    const auto role = text_of(object, "role");
    if (!role) return std::nullopt;
    NodeState node;
    node.doubt = Doubt::none;
    if (role == word(Role::primary))
        node.role = Role::primary;
    else if (role == word(Role::standby))
        node.role = Role::standby;
    else if (role != word(Role::unknown))
        return std::nullopt;
    node.reason = text_of(object, "reason").value_or("");
    if (node.role == Role::unknown) {
        node.doubt = Doubt::silent;
        for (const Doubt doubt : {Doubt::gone, Doubt::refused})
            if (text_of(object, "doubt") == word(doubt)) node.doubt = doubt;
        return node;
    }
    node.timeline = timeline_of(object);
    node.system = system_of(object, "system");
    node.lsn = lsn_of(object, "lsn");
    node.received = lsn_of(object, "received");
    if (const auto delay = number_of(object, "replay_delay_ms"); delay && *delay >= 0)
        node.replay_delay = milliseconds(*delay);
    node.streaming = truth_of(object, "streaming");
    node.read_only = truth_of(object, "read_only").value_or(false);
    return node;
}

std::optional<NodeState> read_patroni(std::string_view body) {
    const json object = parse_object(body);
    const auto role = text_of(object, "role");
    const auto state = text_of(object, "state");
    if (!role || !state) return std::nullopt;
    NodeState node;
    if (state != "running" && state != "streaming" && state != "in archive recovery") {
        node.doubt = Doubt::refused;
        node.reason = "Patroni says: " + *state;
        return node;
    }
    node.doubt = Doubt::none;
    // standby_leader: the first node of a cluster that itself follows another one.
    const bool primary = role == "master" || role == "primary";
    node.role = primary ? Role::primary : Role::standby;
    node.timeline = timeline_of(object);
    node.system = system_of(object, "database_system_identifier");
    const auto xlog = object.find("xlog");
    if (xlog == object.end() || !xlog->is_object()) return node;
    node.lsn = position_of(*xlog, primary ? "location" : "replayed_location");
    if (!primary) node.received = position_of(*xlog, "received_location");
    return node;
}

}  // namespace pgsteer::probe
