#include "probe/event_text.h"

#include <nlohmann/json.hpp>

#include "probe/node_json.h"

namespace pgsteer::probe {
namespace {

using nlohmann::json;

constexpr std::int64_t longest_heartbeat_ms = 60'000;

std::optional<std::int64_t> number(const json& object, const char* name) {
    const auto found = object.find(name);
    if (found == object.end() || !found->is_number_integer()) return std::nullopt;
    return found->get<std::int64_t>();
}

std::string text(const json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

// Lines "data: ..." of one event, joined; other fields say nothing we need.
std::string data_of(std::string_view event) {
    constexpr std::string_view field = "data:";
    std::string data;
    while (!event.empty()) {
        std::string_view line = event.substr(0, event.find('\n'));
        event.remove_prefix(std::min(event.size(), line.size() + 1));
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (!line.starts_with(field)) continue;
        line.remove_prefix(field.size());
        if (line.starts_with(' ')) line.remove_prefix(1);
        data += line;
    }
    return data;
}

}  // namespace

std::optional<std::vector<std::string>> EventReader::take(std::string_view piece) {
    rest_ += piece;
    std::vector<std::string> events;
    for (std::size_t end = rest_.find("\n\n"); end != std::string::npos; end = rest_.find("\n\n")) {
        events.push_back(data_of(std::string_view(rest_).substr(0, end + 1)));
        rest_.erase(0, end + 2);
    }
    if (rest_.size() > most_event_bytes) return std::nullopt;
    return events;
}

std::optional<WatchEvent> read_event(std::string_view data) {
    const json object = json::parse(data, nullptr, false);
    if (!object.is_object()) return std::nullopt;
    const auto answer = object.find("answer");
    const auto heartbeat = number(object, "heartbeat_ms");
    if (answer == object.end() || !answer->is_object() || !heartbeat || *heartbeat < 1 ||
        *heartbeat > longest_heartbeat_ms)
        return std::nullopt;
    const auto status = number(*answer, "status");
    if (!status || *status < 100 || *status > 599) return std::nullopt;
    WatchEvent event;
    event.heartbeat = milliseconds(*heartbeat);
    event.sequence = static_cast<std::uint64_t>(number(object, "sequence").value_or(0));
    event.answer.status = static_cast<int>(*status);
    event.answer.reason = text(*answer, "reason");
    event.answer.body = text(*answer, "body");
    event.answer.node = read_node_text(data);
    if (!event.answer.node) return std::nullopt;
    event.answer.role = event.answer.node->role;
    event.answer.offers_stream = true;
    return event;
}

}  // namespace pgsteer::probe
