#include "top/view.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <functional>

#include "top/acts.h"

namespace pgsteer::top {
namespace {

constexpr std::size_t longest_typed = 60;
constexpr std::size_t lines_a_page = 10;

bool same_letter(char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) ==
           std::tolower(static_cast<unsigned char>(b));
}

bool holds(std::string_view text, std::string_view part) {
    return std::search(text.begin(), text.end(), part.begin(), part.end(), same_letter) !=
           text.end();
}

bool matches(const View& view, std::initializer_list<std::string_view> texts) {
    return view.filter.empty() ||
           std::any_of(texts.begin(), texts.end(),
                       [&](std::string_view text) { return holds(text, view.filter); });
}

// Ways to sort. The first leaves the order of the router.
struct ServerSort {
    const char* name;
    bool (*before)(const Row&, const Row&);
};
constexpr std::array<ServerSort, 6> server_sorts{{
    {"file", nullptr},
    {"name", [](const Row& a, const Row& b) { return a.path() < b.path(); }},
    {"status", [](const Row& a, const Row& b) { return a.status < b.status; }},
    {"sessions", [](const Row& a, const Row& b) { return a.sessions > b.sessions; }},
    {"new/s", [](const Row& a, const Row& b) { return a.rate > b.rate; }},
    {"bytes/s",
     [](const Row& a, const Row& b) {
         return a.in_per_second + a.out_per_second > b.in_per_second + b.out_per_second;
     }},
}};
struct SessionSort {
    const char* name;
    bool (*before)(const Session&, const Session&);
};
constexpr std::array<SessionSort, 6> session_sorts{{
    {"age", [](const Session& a, const Session& b) { return a.age > b.age; }},
    {"idle", [](const Session& a, const Session& b) { return a.idle > b.idle; }},
    {"client", [](const Session& a, const Session& b) { return a.client < b.client; }},
    {"server",
     [](const Session& a, const Session& b) {
         return std::tie(a.backend, a.server) < std::tie(b.backend, b.server);
     }},
    {"state", [](const Session& a, const Session& b) { return a.state < b.state; }},
    {"bytes", [](const Session& a,
                 const Session& b) { return a.bytes_in + a.bytes_out > b.bytes_in + b.bytes_out; }},
}};

template <class Object>
void sort_items(std::vector<Item>& items, const std::vector<Object>& objects,
                bool (*before)(const Object&, const Object&), bool reversed) {
    if (before != nullptr)
        std::stable_sort(items.begin(), items.end(), [&](const Item& a, const Item& b) {
            return before(objects[a.index], objects[b.index]);
        });
    if (reversed) std::reverse(items.begin(), items.end());
}

std::vector<Item> session_items(const Picture& picture, const View& view) {
    std::vector<Item> items;
    for (std::size_t i = 0; i < picture.lines.size(); ++i) {
        const Session& line = picture.lines[i];
        if (matches(view,
                    {line.id, line.client, line.frontend, line.backend, line.server, line.state}))
            items.push_back({Item::Kind::session, i, "session " + line.id});
    }
    sort_items(items, picture.lines, session_sorts[view.sort_sessions].before, view.reversed);
    return items;
}

std::vector<Item> server_items(const Picture& picture, const View& view) {
    std::vector<Item> items;
    for (std::size_t i = 0; i < picture.rows.size(); ++i) {
        const Row& row = picture.rows[i];
        if (row.kind == Row::Kind::server &&
            matches(view, {row.path(), row.address, row.status, row.role, row.cause}))
            items.push_back({Item::Kind::server, i, "server " + row.path()});
    }
    sort_items(items, picture.rows, server_sorts[view.sort_servers].before, view.reversed);
    return items;
}

void say(View& view, std::string text, bool is_bad) {
    view.message = std::move(text);
    view.message_is_bad = is_bad;
}

void move_to(View& view, const std::vector<Item>& items, std::size_t index) {
    if (!items.empty()) view.selected = items[std::min(index, items.size() - 1)].key;
}

void move_by(View& view, const Picture& picture, Key::Kind kind) {
    const auto items = items_of(picture, view);
    const auto at = std::find_if(items.begin(), items.end(),
                                 [&](const Item& item) { return item.key == view.selected; });
    const auto index = at == items.end() ? 0 : static_cast<std::size_t>(at - items.begin());
    switch (kind) {
        case Key::Kind::up:
            return move_to(view, items, index - std::min<std::size_t>(index, 1));
        case Key::Kind::down:
            return move_to(view, items, index + 1);
        case Key::Kind::page_up:
            return move_to(view, items, index - std::min(index, lines_a_page));
        case Key::Kind::page_down:
            return move_to(view, items, index + lines_a_page);
        case Key::Kind::home:
            return move_to(view, items, 0);
        case Key::Kind::end:
            return move_to(view, items, items.size());
        default:
            return;
    }
}

void turn_to(View& view, Page page) {
    if (view.page != Page::help) view.page_before_help = view.page;
    if (page != Page::help && page != view.page_before_help) view.selected.clear();
    view.page = page;
}

void turn_on(View& view) {
    constexpr std::array next{Page::sessions, Page::events, Page::servers, Page::servers};
    turn_to(view, next[static_cast<std::size_t>(view.page)]);
}

void sort_on(View& view) {
    if (view.page == Page::servers)
        view.sort_servers = (view.sort_servers + 1) % server_sorts.size();
    if (view.page == Page::sessions)
        view.sort_sessions = (view.sort_sessions + 1) % session_sorts.size();
}

Effect give(View& view, Order order) {
    if (!order.question.empty()) {
        view.order = std::move(order);
        view.mode = Mode::confirming;
        return {};
    }
    Effect effect;
    effect.order = std::move(order);
    return effect;
}

Effect begin_act(View& view, const Picture& picture, const Act& act, std::string_view value) {
    const auto item = selected_item(picture, view);
    if (!view.away.empty() || !item) {
        say(view, view.away.empty() ? "nothing is selected" : "the router is away", true);
        return {};
    }
    if (!view.selected.empty() && item->key != view.selected) {
        say(view, view.selected + " has gone", true);
        view.selected = item->key;
        return {};
    }
    view.selected = item->key;
    auto order = order_for(act, picture, *item, value);
    if (!order) {
        say(view, order.error().text, true);
        return {};
    }
    if (act.key == 'w' && value.empty()) {
        view.mode = Mode::weighing;
        view.typed.clear();
        return {};
    }
    return give(view, std::move(*order));
}

Effect looking_letter(View& view, const Picture& picture, char letter) {
    Effect effect;
    view.message.clear();
    switch (letter) {
        case 'q':
            effect.quit = true;
            break;
        case 'h':
        case '?':
            if (view.page == Page::help)
                view.page = view.page_before_help;
            else
                turn_to(view, Page::help);
            break;
        case '1':
        case '2':
        case '3':
            turn_to(view, static_cast<Page>(letter - '1'));
            break;
        case 's':
            sort_on(view);
            break;
        case 'i':
            view.reversed = !view.reversed;
            break;
        case 'p':
            view.paused = !view.paused;
            break;
        case '/':
            view.mode = Mode::filtering;
            view.typed = view.filter;
            break;
        default:
            if (const Act* const act = find_act(letter); act != nullptr && view.page != Page::help)
                return begin_act(view, picture, *act, "");
    }
    effect.look_again = (letter >= '1' && letter <= '3') || (letter == 'p' && !view.paused);
    return effect;
}

Effect press_looking(View& view, const Picture& picture, Key key) {
    Effect effect;
    if (key.kind == Key::Kind::letter) return looking_letter(view, picture, key.letter);
    if (key.kind == Key::Kind::tab) {
        turn_on(view);
        effect.look_again = true;
    } else if (key.kind == Key::Kind::escape) {
        if (view.page == Page::help)
            view.page = view.page_before_help;
        else
            view.filter.clear();
        view.message.clear();
    } else {
        move_by(view, picture, key.kind);
    }
    return effect;
}

bool type(std::string& typed, Key key) {
    if (key.kind == Key::Kind::backspace && !typed.empty()) typed.pop_back();
    if (key.kind == Key::Kind::letter && typed.size() < longest_typed) typed += key.letter;
    return key.kind == Key::Kind::backspace || key.kind == Key::Kind::letter;
}

Effect press_filtering(View& view, Key key) {
    if (type(view.typed, key)) {
        view.filter = view.typed;
    } else if (key.kind == Key::Kind::escape) {
        view.filter.clear();
        view.mode = Mode::looking;
    } else if (key.kind == Key::Kind::enter) {
        view.mode = Mode::looking;
    }
    return {};
}

Effect press_weighing(View& view, const Picture& picture, Key key) {
    const bool good = key.kind != Key::Kind::letter || key.letter == '%' ||
                      std::isdigit(static_cast<unsigned char>(key.letter)) != 0;
    if (good && type(view.typed, key)) return {};
    if (key.kind == Key::Kind::escape) view.mode = Mode::looking;
    if (key.kind != Key::Kind::enter) return {};
    view.mode = Mode::looking;
    return view.typed.empty() ? Effect{} : begin_act(view, picture, *find_act('w'), view.typed);
}

// Anything but a clear yes is a no.
Effect press_confirming(View& view, Key key) {
    Effect effect;
    view.mode = Mode::looking;
    if (key.kind == Key::Kind::letter && (key.letter == 'y' || key.letter == 'Y'))
        effect.order = view.order;
    else
        say(view, fmt::format("{}: not done", view.order->words), false);
    view.order.reset();
    return effect;
}

}  // namespace

std::vector<Item> items_of(const Picture& picture, const View& view) {
    if (view.page == Page::sessions) return session_items(picture, view);
    std::vector<Item> items;
    if (view.page != Page::servers) return items;
    for (std::size_t i = 0; i < picture.nodes.size(); ++i) {
        const Node& node = picture.nodes[i];
        if (matches(view, {node.name, node.address, node.role, node.state}))
            items.push_back({Item::Kind::node, i, "node " + node.name + " " + node.address});
    }
    const auto servers = server_items(picture, view);
    items.insert(items.end(), servers.begin(), servers.end());
    return items;
}

std::optional<Item> selected_item(const Picture& picture, const View& view) {
    const auto items = items_of(picture, view);
    if (items.empty()) return std::nullopt;
    const auto found = std::find_if(items.begin(), items.end(),
                                    [&](const Item& item) { return item.key == view.selected; });
    return found == items.end() ? items.front() : *found;
}

std::vector<std::string> sort_names(Page page) {
    std::vector<std::string> names;
    if (page == Page::servers)
        for (const auto& sort : server_sorts)
            names.emplace_back(sort.name);
    if (page == Page::sessions)
        for (const auto& sort : session_sorts)
            names.emplace_back(sort.name);
    return names;
}

Effect press(View& view, const Picture& picture, Key key) {
    switch (view.mode) {
        case Mode::filtering:
            return press_filtering(view, key);
        case Mode::weighing:
            return press_weighing(view, picture, key);
        case Mode::confirming:
            return press_confirming(view, key);
        case Mode::looking:
            break;
    }
    return press_looking(view, picture, key);
}

void tell(View& view, const Order& order, const std::string& answer) {
    std::string said;
    for (const std::string& text : split_answers(answer))
        for (const char c : text)
            said += c == '\n' ? ' ' : c;
    while (said.ends_with(' '))
        said.pop_back();
    if (said.empty())
        say(view, fmt::format("{}: done", order.words), false);
    else
        say(view, fmt::format("{}: the router says: {}", order.words, said), true);
}

}  // namespace pgsteer::top
