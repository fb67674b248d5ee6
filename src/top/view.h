// View: what the person in front of the terminal looks at and has begun to type. One function moves
// it, press(); what a key means for the router comes out as an Effect. Owned by `pgsteer top`.
// Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "top/picture.h"

namespace pgsteer::top {

struct Key {
    enum class Kind : std::uint8_t {
        letter,
        up,
        down,
        page_up,
        page_down,
        home,
        end,
        enter,
        escape,
        backspace,
        tab,
        other
    };
    Kind kind = Kind::other;
    char letter = 0;
};

enum class Page : std::uint8_t { servers, sessions, events, help };
enum class Mode : std::uint8_t { looking, filtering, weighing, confirming };

// What the router is to do, once it is confirmed.
struct Order {
    std::string commands;  // a line for the runtime socket
    std::string words;     // "drain ReadWrite/pg0"
    std::string question;  // "no new sessions, old ones stay"
};

struct Effect {
    bool quit = false;
    bool look_again = false;  // at once, not after the interval
    std::optional<Order> order;
};

struct View {
    Page page = Page::servers;
    Page page_before_help = Page::servers;
    Mode mode = Mode::looking;
    std::string filter, typed;
    std::size_t sort_servers = 0, sort_sessions = 0;
    bool reversed = false;
    bool paused = false;
    std::string selected;  // an Item's key; stays with the object when others come and go
    std::optional<Order> order;
    std::string message;  // the last thing that was said
    bool message_is_bad = false;
    std::string away;  // why the router cannot be asked; empty: it can
    seconds interval{2};
};

// What can be selected: a node, a server, a session.
struct Item {
    enum class Kind : std::uint8_t { node, server, session };
    Kind kind = Kind::node;
    std::size_t index = 0;  // in the picture
    std::string key;
};

// As they stand on the screen: filtered and sorted.
std::vector<Item> items_of(const Picture& picture, const View& view);
// The selected one, the first when it has gone.
std::optional<Item> selected_item(const Picture& picture, const View& view);

std::vector<std::string> sort_names(Page page);

Effect press(View& view, const Picture& picture, Key key);

// Takes what the router answered to an order.
void tell(View& view, const Order& order, const std::string& answer);

}  // namespace pgsteer::top
