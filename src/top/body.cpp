#include "top/body.h"

#include <fmt/format.h>

#include <algorithm>

#include "top/acts.h"

namespace pgsteer::top {
namespace {

std::string number(std::uint64_t value) {
    return short_number(static_cast<double>(value));
}

Line plain(std::string text, Ink ink, std::size_t width) {
    return {{{fitted(text, width), ink}}, false};
}

// What the page and `show cluster` call the state; the statistics have only HAProxy's words.
Span status_of(const Row& row) {
    if (row.fenced) return {"FENCED", Ink::bad};
    if (row.cause == "lagging") return {"LAGGING", Ink::warn};
    if (row.cause == "never-judged") return {"no check yet", Ink::warn};
    // A healthy standby behind the read-write port is no trouble.
    const bool other_role =
        row.cause == "check-failed" && row.check.find("L7STS") != std::string::npos;
    if (other_role && (row.role == "standby" || row.role == "primary"))
        return {row.role, Ink::calm};
    if (row.status.starts_with("MAINT") || row.status.starts_with("DRAIN") ||
        row.status.starts_with("NOLB"))
        return {row.status, Ink::warn};
    return {row.status, row.status.starts_with("DOWN") ? Ink::bad : Ink::good};
}

Ink ink_of(const Node& node) {
    if (node.fenced || node.state.starts_with("DOWN"))
        return node.serves.empty() && node.role == "standby" ? Ink::warn : Ink::bad;
    return node.state.starts_with("UP") ? Ink::good : Ink::warn;
}

std::vector<Line> node_lines(const Picture& picture, const std::vector<Item>& items,
                             std::size_t width) {
    std::vector<Cells> rows;
    for (const Item& item : items) {
        const Node& node = picture.nodes[item.index];
        const Ink role = node.role == "primary"   ? Ink::strong
                         : node.role == "standby" ? Ink::calm
                                                  : Ink::dim;
        rows.push_back(
            {{node.name, Ink::strong},
             {node.address},
             {node.role, role},
             {node.timeline.empty() ? "-" : node.timeline},
             {node.lag},
             {number(node.sessions)},
             {node.state, ink_of(node)},
             {node.serves.empty() ? "-" : fmt::format("{}", fmt::join(node.serves, ","))},
             {node.why, Ink::dim}});
    }
    return table({{"NODE"},
                  {"ADDRESS", false, 3},
                  {"ROLE"},
                  {"TL", true},
                  {"LAG", true},
                  {"SESS", true},
                  {"STATE"},
                  {"SERVES", false, 1},
                  {"WHY"}},
                 rows, width);
}

std::vector<Line> server_lines(const Picture& picture, const std::vector<Item>& items,
                               std::size_t width) {
    std::vector<Cells> rows;
    for (const Item& item : items) {
        const Row& row = picture.rows[item.index];
        const Span status = status_of(row);
        const bool explained = row.cause == "up" || status.ink == Ink::calm;
        rows.push_back({{row.path(), Ink::strong},
                        status,
                        {row.weight},
                        {number(row.sessions)},
                        {row.limit.empty() ? "-" : row.limit},
                        {number(row.most)},
                        {number(row.total)},
                        {number(row.rate)},
                        {short_number(row.in_per_second)},
                        {short_number(row.out_per_second)},
                        {row.check, Ink::dim},
                        {explained ? "" : row.cause, Ink::dim}});
    }
    return table({{"SERVER"},
                  {"STATUS"},
                  {"WGHT", true, 2},
                  {"SESS", true},
                  {"LIMIT", true, 3},
                  {"MOST", true, 5},
                  {"TOTAL", true, 4},
                  {"NEW/S", true},
                  {"IN/S", true},
                  {"OUT/S", true},
                  {"CHECK", false, 3},
                  {"CAUSE"}},
                 rows, width);
}

// The proxies themselves: what they hold, and who waits.
std::vector<Line> proxy_lines(const Picture& picture, std::size_t width) {
    std::vector<Cells> rows;
    for (const Row& row : picture.rows) {
        if (row.kind == Row::Kind::server) continue;
        const bool backend = row.kind == Row::Kind::backend;
        rows.push_back({{row.proxy, Ink::strong},
                        {backend ? "servers" : "clients", Ink::dim},
                        {row.status, row.status == "DOWN" ? Ink::bad : Ink::good},
                        {number(row.sessions)},
                        {number(row.waiting), row.waiting > 0 ? Ink::warn : Ink::plain},
                        {number(row.total)},
                        {number(row.rate)},
                        {short_number(row.in_per_second)},
                        {short_number(row.out_per_second)},
                        {""}});
    }
    return table({{"PROXY"},
                  {"SIDE"},
                  {"STATUS"},
                  {"SESS", true},
                  {"WAIT", true},
                  {"TOTAL", true, 1},
                  {"NEW/S", true},
                  {"IN/S", true},
                  {"OUT/S", true},
                  {""}},
                 rows, width);
}

void append(std::vector<Line>& lines, std::vector<Line> more) {
    for (Line& line : more)
        lines.push_back(std::move(line));
}

// The table's rows are the items: the selected one's is marked.
void mark(std::vector<Line>& lines, const std::vector<Item>& items, const std::string& selected) {
    for (std::size_t i = 0; i < items.size(); ++i)
        lines[i + 1].selected = items[i].key == selected;
}

std::vector<Line> servers_page(const Picture& picture, const View& view, std::size_t width) {
    std::vector<Item> nodes, servers;
    for (Item& item : items_of(picture, view))
        (item.kind == Item::Kind::node ? nodes : servers).push_back(std::move(item));
    const auto chosen = selected_item(picture, view);
    const std::string selected = chosen ? chosen->key : "";
    auto lines = node_lines(picture, nodes, width);
    mark(lines, nodes, selected);
    auto more = server_lines(picture, servers, width);
    mark(more, servers, selected);
    lines.push_back({});
    append(lines, std::move(more));
    lines.push_back({});
    append(lines, proxy_lines(picture, width));
    return lines;
}

std::vector<Line> session_lines(const Picture& picture, const std::vector<Item>& items,
                                std::size_t width) {
    std::vector<Cells> rows;
    for (const Item& item : items) {
        const Session& session = picture.lines[item.index];
        rows.push_back({{session.client, Ink::strong},
                        {session.frontend},
                        {session.backend + "/" + session.server},
                        {session.state, session.state == "waiting" ? Ink::warn : Ink::plain},
                        {short_time(session.age.count())},
                        {short_time(session.idle.count())},
                        {number(session.bytes_in)},
                        {number(session.bytes_out)},
                        {session.id, Ink::dim}});
    }
    return table({{"CLIENT"},
                  {"PORT", false, 1},
                  {"SERVER"},
                  {"STATE"},
                  {"AGE", true},
                  {"IDLE", true},
                  {"IN", true},
                  {"OUT", true},
                  {"ID"}},
                 rows, width);
}

// There can be a hundred thousand: only those that are seen are laid out.
std::vector<Line> sessions_page(const Picture& picture, const View& view, std::size_t width,
                                std::size_t height) {
    if (picture.sessions_not_shown) return {plain(*picture.sessions_not_shown, Ink::warn, width)};
    const auto items = items_of(picture, view);
    if (items.empty())
        return {plain(view.filter.empty() ? "no sessions" : "no session matches the filter",
                      Ink::dim, width)};
    const auto chosen = selected_item(picture, view);
    const std::size_t seen = std::max<std::size_t>(height, 2) - 1;
    const auto at = std::find_if(items.begin(), items.end(),
                                 [&](const Item& item) { return item.key == chosen->key; });
    const std::size_t first = static_cast<std::size_t>(at - items.begin()) / seen * seen;
    const std::vector<Item> window(
        items.begin() + static_cast<std::ptrdiff_t>(first),
        items.begin() + static_cast<std::ptrdiff_t>(std::min(items.size(), first + seen)));
    auto lines = session_lines(picture, window, width);
    mark(lines, window, chosen->key);
    return lines;
}

std::vector<Line> events_page(const Picture& picture, std::size_t width) {
    if (picture.events_not_shown) return {plain(*picture.events_not_shown, Ink::warn, width)};
    std::vector<Line> lines;
    for (auto event = picture.events.rbegin(); event != picture.events.rend(); ++event)
        lines.push_back(plain(*event, Ink::plain, width));
    if (lines.empty()) lines.push_back(plain("nothing has changed yet", Ink::dim, width));
    return lines;
}

std::vector<Line> help_page(std::size_t width) {
    std::vector<std::string> texts{
        "1 2 3, Tab   servers, sessions, events",
        "Up Down PgUp PgDn Home End   select a node, a server or a session",
        "s i   sort by the next column, the other way round",
        "/   show only what holds a word; Enter keeps it, Esc takes it away",
        "p   pause, and go on",
        "",
    };
    for (const Act& act : acts())
        texts.push_back(fmt::format("{}   {}", act.key, act.help));
    texts.insert(texts.end(),
                 {"", "With a node selected an act is for all its servers.",
                  "Acts take a socket of 'level admin'.", "", "h, Esc   back        q   quit"});
    std::vector<Line> lines;
    for (const std::string& text : texts)
        lines.push_back(plain(text, Ink::plain, width));
    return lines;
}

}  // namespace

std::vector<Line> body(const Picture& picture, const View& view, std::size_t width,
                       std::size_t height) {
    if (height == 0) return {};
    std::vector<Line> lines;
    switch (view.page) {
        case Page::servers:
            lines = servers_page(picture, view, width);
            break;
        case Page::sessions:
            lines = sessions_page(picture, view, width, height);
            break;
        case Page::events:
            lines = events_page(picture, width);
            break;
        case Page::help:
            lines = help_page(width);
            break;
    }
    const auto at =
        std::find_if(lines.begin(), lines.end(), [](const Line& line) { return line.selected; });
    const auto index = at == lines.end() ? 0 : static_cast<std::size_t>(at - lines.begin());
    const std::size_t first = index / height * height;
    lines.erase(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(first));
    if (lines.size() > height) lines.resize(height);
    return lines;
}

}  // namespace pgsteer::top
