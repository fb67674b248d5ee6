#include "top/acts.h"

#include <fmt/format.h>

namespace pgsteer::top {
namespace {

constexpr Act rows[] = {
    {'d', "drain", "set server {} state drain", "it gets no new sessions; those it has stay",
     "drain: no new sessions, old ones stay"},
    {'m', "maintenance of", "set server {} state maint",
     "it gets no new sessions and is not checked; those it has stay",
     "maintenance: no new sessions, not checked"},
    {'r', "ready", "set server {} state ready", "", "ready: out of drain and maintenance"},
    {'c', "cut", "shutdown sessions server {}", "its sessions end now",
     "cut its sessions, or the selected session"},
    {'w', "weight of", "set server {} weight {}", "",
     "weight: 0 to 256, or percents of the file's"},
};

// A word of the runtime API, where blanks and semicolons part words and commands.
std::string as_word(std::string_view text) {
    std::string word;
    for (const char c : text) {
        if (c == ' ' || c == ';' || c == '\\') word += '\\';
        word += c;
    }
    return word;
}

// A node's servers: those of its name at its address.
std::vector<std::string> servers_of(const Picture& picture, const Node& node) {
    std::vector<std::string> paths;
    for (const Row& row : picture.rows)
        if (row.kind == Row::Kind::server && row.name == node.name && row.address == node.address)
            paths.push_back(row.path());
    return paths;
}

Order session_order(const Session& session) {
    return {"shutdown session " + session.id,
            fmt::format("cut session {} of {}", session.id, session.client), "it ends now"};
}

}  // namespace

std::span<const Act> acts() {
    return rows;
}

const Act* find_act(char key) {
    for (const Act& act : rows)
        if (act.key == key) return &act;
    return nullptr;
}

Result<Order> order_for(const Act& act, const Picture& picture, const Item& item,
                        std::string_view value) {
    if (!picture.may_act())
        return Error{
            fmt::format("this socket's level is '{}': to act it takes 'level admin' on its "
                        "'stats socket' line",
                        picture.level)};
    if (item.kind == Item::Kind::session) {
        if (act.key != 'c') return Error{fmt::format("'{}' is for servers and nodes", act.key)};
        return session_order(picture.lines[item.index]);
    }
    const bool node = item.kind == Item::Kind::node;
    const auto paths = node ? servers_of(picture, picture.nodes[item.index])
                            : std::vector{picture.rows[item.index].path()};
    if (paths.empty()) return Error{"no server of the file stands for this node"};
    Order order;
    for (const std::string& path : paths)
        order.commands += (order.commands.empty() ? "" : ";") +
                          fmt::format(fmt::runtime(act.command), as_word(path), as_word(value));
    order.words = fmt::format("{} {}{}", act.word, node ? "node " : "",
                              node ? picture.nodes[item.index].name : paths.front());
    if (!value.empty()) order.words += fmt::format(": {}", value);
    order.question = std::string(act.consequence);
    return order;
}

}  // namespace pgsteer::top
