// Acts: what can be done to a server, node or session by a key, as rows. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "top/view.h"

namespace pgsteer::top {

struct Act {
    char key = 0;
    std::string_view word;         // "drain"
    std::string_view command;      // {} is the server
    std::string_view consequence;  // what is confirmed; empty: nothing is asked
    std::string_view help;
};

std::span<const Act> acts();
const Act* find_act(char key);

// The order for an item: for a node, of each of its servers. Error: why it cannot be.
Result<Order> order_for(const Act& act, const Picture& picture, const Item& item,
                        std::string_view value);

}  // namespace pgsteer::top
