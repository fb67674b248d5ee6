#include "admin/stat_views.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <iterator>

namespace pgsteer::admin {
namespace {

struct Kind {
    char letter;
    std::string_view word;
};
constexpr Kind frontend{'F', "Frontend"};
constexpr Kind backend{'B', "Backend"};
constexpr Kind server{'S', "Server"};
constexpr Kind listener{'L', "Listener"};

using Visit =
    std::function<void(const Kind&, std::uint32_t proxy, std::uint32_t id, const StatRow& row)>;

bool wanted(const StatFilter& filter, const ProxyLine& proxy) {
    return (!filter.proxy || *filter.proxy == proxy.id) &&
           (!filter.name || *filter.name == proxy.name);
}

bool wanted(const StatFilter& filter, const ServerLine& line) {
    if (filter.server && *filter.server != line.id) return false;
    if (filter.hide_maintenance && line.view.maintenance) return false;
    return !filter.up_only || line.accepts || line.view.draining;
}

void visit_backend(const Snapshot& snapshot, const ProxyLine& proxy, const StatFilter& filter,
                   const Visit& visit) {
    StatOptions options;
    options.legends = filter.legends;
    options.counts_in_status = filter.hide_maintenance || filter.up_only;
    if (filter.kinds & StatFilter::servers)
        for (const ServerLine& line : proxy.servers)
            if (wanted(filter, line))
                visit(server, proxy.id, line.id, server_row(snapshot, proxy, line, options));
    if (filter.kinds & StatFilter::backends)
        visit(backend, proxy.id, 0, backend_row(snapshot, proxy, options));
}

// In HAProxy's order: proxy by proxy, its frontend, its servers, its backend.
void each_row(const Snapshot& snapshot, const StatFilter& filter, const Visit& visit) {
    auto back = snapshot.backends.begin();
    const auto backends_up_to = [&](std::uint32_t id) {
        for (; back != snapshot.backends.end() && back->id < id; ++back)
            if (wanted(filter, *back)) visit_backend(snapshot, *back, filter, visit);
    };
    for (const ProxyLine& front : snapshot.frontends) {
        backends_up_to(front.id);
        if ((filter.kinds & StatFilter::frontends) && wanted(filter, front))
            visit(frontend, front.id, 0, frontend_row(snapshot, front));
        if ((filter.kinds & StatFilter::listeners) && wanted(filter, front))
            for (const ListenerLine& line : front.listeners)
                if (!filter.server || *filter.server == line.id)
                    visit(listener, front.id, line.id,
                          listener_row(front, line, {filter.legends, false}));
    }
    backends_up_to(UINT32_MAX);
}

std::string tags_of(const StatValue& value) {
    return {value.tags.data(), 3};
}

void append_json_text(std::string& out, std::string_view text) {
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') out += '\\';
        if (byte < 0x20)
            fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(byte));
        else
            out += c;
    }
}

std::string_view origin_word(char letter) {
    switch (letter) {
        case 'M':
            return "Metric";
        case 'S':
            return "Status";
        case 'K':
            return "Key";
        case 'C':
            return "Config";
        case 'P':
            return "Product";
        default:
            return "Unknown";
    }
}

std::string_view nature_word(char letter) {
    constexpr std::string_view words[] = {"G:Gauge",   "L:Limit",    "M:Max", "R:Rate",
                                          "C:Counter", "D:Duration", "A:Age", "N:Name",
                                          "O:Output",  "a:Avg"};
    const auto* const found = std::find_if(std::begin(words), std::end(words),
                                           [letter](auto word) { return word[0] == letter; });
    return found == std::end(words) ? "Unknown" : found->substr(2);
}

std::string_view scope_word(char letter) {
    return letter == 'P' ? "Process" : letter == 'S' ? "Service" : "Unknown";
}

// The members of one value after what it belongs to.
void append_value(std::string& out, unsigned position, std::string_view name,
                  const StatValue& value) {
    const bool text = std::holds_alternative<std::string>(value.value);
    fmt::format_to(std::back_inserter(out),
                   R"("field":{{"pos":{},"name":"{}"}},"processNum":1,"tags":{{"origin":"{}",)"
                   R"("nature":"{}","scope":"{}"}},"value":{{"type":"{}","value":)",
                   position, name, origin_word(value.tags[0]), nature_word(value.tags[1]),
                   scope_word(value.tags[2]), type_word(value));
    if (text) out += '"';
    append_json_text(out, text_of(value));
    out += text ? "\"}" : "}";
}

}  // namespace

std::string csv_text(const std::string& text) {
    if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"') out += '"';
        out += c;
    }
    return out + "\"";
}

std::string stat_csv(const Snapshot& snapshot, const StatFilter& filter) {
    std::string out = "# ";
    for (std::size_t i = 0; i < stat_count; ++i)
        fmt::format_to(std::back_inserter(out), "{},", name_of(static_cast<Stat>(i)).name);
    out += '\n';
    each_row(snapshot, filter, [&out](const Kind&, auto, auto, const StatRow& row) {
        for (std::size_t i = 0; i < stat_count; ++i)
            out += csv_text(text_of(row.at(static_cast<Stat>(i)))) + ",";
        out += '\n';
    });
    return out;
}

std::string stat_typed(const Snapshot& snapshot, const StatFilter& filter, bool with_help) {
    std::string out;
    each_row(snapshot, filter, [&](const Kind& kind, auto proxy, auto id, const StatRow& row) {
        for (std::size_t i = 0; i < stat_count; ++i) {
            const StatValue& value = row.at(static_cast<Stat>(i));
            const StatName& name = name_of(static_cast<Stat>(i));
            if (value.empty() || static_cast<Stat>(i) == Stat::own) continue;
            fmt::format_to(std::back_inserter(out), "{}.{}.{}.{}.{}.1:{}:{}:{}", kind.letter, proxy,
                           id, i, name.name, tags_of(value), type_word(value), text_of(value));
            if (with_help) fmt::format_to(std::back_inserter(out), ":\"{}\"", name.help);
            out += '\n';
        }
    });
    return out;
}

std::string stat_json(const Snapshot& snapshot, const StatFilter& filter) {
    std::string out = "[";
    each_row(snapshot, filter, [&](const Kind& kind, auto proxy, auto id, const StatRow& row) {
        if (out.size() > 1) out += ',';
        char open = '[';
        for (std::size_t i = 0; i < stat_count; ++i) {
            const StatValue& value = row.at(static_cast<Stat>(i));
            if (value.empty() || static_cast<Stat>(i) == Stat::own) continue;
            fmt::format_to(std::back_inserter(out), R"({}{{"objType":"{}","proxyId":{},"id":{},)",
                           open, kind.word, proxy, id);
            append_value(out, static_cast<unsigned>(i), name_of(static_cast<Stat>(i)).name, value);
            out += '}';
            open = ',';
        }
        out += ']';
    });
    return out + "]\n";
}

std::string info_text(const Snapshot& snapshot, bool with_help) {
    std::string out;
    for (const InfoRow& row : info_rows(snapshot)) {
        fmt::format_to(std::back_inserter(out), "{}: {}", row.name->name, text_of(row.value));
        if (with_help) fmt::format_to(std::back_inserter(out), ":\"{}\"", row.name->help);
        out += '\n';
    }
    return out;
}

std::string info_typed(const Snapshot& snapshot, bool with_help) {
    std::string out;
    for (const InfoRow& row : info_rows(snapshot)) {
        fmt::format_to(std::back_inserter(out), "{}.{}.1:{}:{}:{}", row.name->position,
                       row.name->name, tags_of(row.value), type_word(row.value),
                       text_of(row.value));
        if (with_help) fmt::format_to(std::back_inserter(out), ":\"{}\"", row.name->help);
        out += '\n';
    }
    return out;
}

std::string info_json(const Snapshot& snapshot) {
    std::string out;
    for (const InfoRow& row : info_rows(snapshot)) {
        out += out.empty() ? "[{" : ",{";
        append_value(out, row.name->position, row.name->name, row.value);
        out += '}';
    }
    return out + "]\n";
}

}  // namespace pgsteer::admin
