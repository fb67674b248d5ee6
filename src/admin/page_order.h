// Order: what a form of the page, or a script in HAProxy's way ("s=pg0&action=maint&b=ReadWrite"),
// asks to be done to servers. Reading is pure; carrying out is for the control thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pgsteer::admin {

struct Desk;

struct Order {
    std::string backend;  // its name, or "#3"
    std::vector<std::string> servers;
    std::string action;
    std::string weight;      // of `weight`
    std::string token;       // of the form
    bool confirmed = false;  // of what cannot be taken back
};

// `application/x-www-form-urlencoded`
Order read_order(std::string_view body);

struct ActionRow {
    std::string_view word;   // HAProxy's
    std::string_view label;  // what people choose; empty: known, and not offered
    bool irrevocable = false;
    bool common = false;  // offered first
};
std::span<const ActionRow> order_actions();
const ActionRow* order_action(std::string_view word);  // null: no such

// HAProxy's words: DONE, PART, NONE, ERRP.
std::string_view carry_out(Desk& desk, const Order& order);

// What people read of those words, and whether it is good news.
struct OrderResult {
    std::string_view word, text;
    bool good = false;
};
const OrderResult* order_result(std::string_view word);  // null: no such

}  // namespace pgsteer::admin
