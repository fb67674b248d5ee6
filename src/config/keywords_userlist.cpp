// Lines of a `userlist` section. A group may name its users and a user his groups, in any order.
#include <algorithm>

#include "config/keywords.h"

namespace pgsteer::config {
namespace {

constexpr auto honoured = KeywordClass::honoured;

std::vector<std::string> listed(const std::string& text) {
    std::vector<std::string> names;
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t comma = std::min(text.find(',', at), text.size());
        if (comma > at) names.push_back(text.substr(at, comma - at));
        at = comma + 1;
    }
    return names;
}

void add_group(User& user, const std::string& group) {
    if (std::find(user.groups.begin(), user.groups.end(), group) == user.groups.end())
        user.groups.push_back(group);
}

void group(Line& line, Words words) {
    if (!line.arguments(words, 1, 3)) return;
    if (words.size() == 2 || (words.size() == 3 && words[1] != "users"))
        return line.alert("is written 'group NAME [users USER,USER...]'");
    Userlist& section = line.draft.userlists.back();
    auto users = words.size() == 3 ? listed(words[2]) : std::vector<std::string>{};
    for (User& user : section.users)
        if (std::find(users.begin(), users.end(), user.name) != users.end())
            add_group(user, words[0]);
    line.draft.groups.emplace_back(words[0], std::move(users));
}

void user(Line& line, Words words) {
    if (!line.arguments(words, 3, 5)) return;
    Userlist& section = line.draft.userlists.back();
    User user;
    user.name = words[0];
    user.at = line.at;
    const auto same = std::find_if(section.users.begin(), section.users.end(),
                                   [&](const User& other) { return other.name == user.name; });
    if (same != section.users.end())
        return line.alert("the name '" + user.name + "' is taken at " + same->at.text());
    for (std::size_t i = 1; i + 1 < words.size(); i += 2) {
        if (words[i] == "password" || words[i] == "insecure-password") {
            user.password = words[i + 1];
            user.hashed = words[i] == "password";
        } else if (words[i] == "groups") {
            for (const std::string& name : listed(words[i + 1]))
                add_group(user, name);
        } else {
            return line.alert("expects 'password', 'insecure-password' or 'groups' but got '" +
                              words[i] + "'");
        }
    }
    if (words.size() % 2 == 0) return line.alert("'" + words.back() + "' needs a value");
    if (user.password.empty()) return line.alert("needs 'password' or 'insecure-password'");
    for (const auto& [name, users] : line.draft.groups)
        if (std::find(users.begin(), users.end(), user.name) != users.end()) add_group(user, name);
    section.users.push_back(std::move(user));
}

constexpr Row rows[] = {
    {"group", in_userlist, honoured, group, "NAME [users USER,USER...]"},
    {"user", in_userlist, honoured, user,
     "NAME password HASH (of crypt) or insecure-password TEXT [groups GROUP,GROUP...]"},
};

}  // namespace

std::span<const Row> userlist_rows() {
    return rows;
}

}  // namespace pgsteer::config
