#include <algorithm>
#include <cstdlib>

#include "config/xinetd_rows.h"

namespace pgsteer::config {
namespace {

constexpr auto honoured = KeywordClass::honoured;

void user(InetLine& line, Words words) {
    const auto found = line.draft.names.user(words[0]);
    if (!found) return line.alert("Unknown user: " + words[0]);
    line.service().uid = found->uid;
    line.service().user_name = words[0];
    // The user's own group, unless `group` says another before or after.
    if (!line.entry.given.contains("group")) line.service().gid = found->gid;
}

void group(InetLine& line, Words words) {
    const auto found = line.draft.names.group(words[0]);
    if (!found) return line.alert("Unknown group: " + words[0]);
    line.service().gid = *found;
}

void groups(InetLine& line, Words words) {
    if (const auto value = line.yes_or_no(words[0])) line.service().groups = *value;
}

void umask(InetLine& line, Words words) {
    const std::string& word = words[0];
    const bool octal =
        !word.empty() && word.size() <= 4 &&
        std::all_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '7'; });
    if (!octal || std::strtol(word.c_str(), nullptr, 8) > 0777)
        return line.alert("'" + word + "' is not an octal mask up to 0777");
    line.service().umask = static_cast<mode_t>(std::strtol(word.c_str(), nullptr, 8));
}

void nice(InetLine& line, Words words) {
    const auto value = parse_integer(words[0], -20, 19);
    if (!value) return line.alert(value.error().text);
    line.service().nice = static_cast<int>(*value);
}

// = adds as += does; there is no -=.
void env(InetLine& line, Words words) {
    if (line.how == Assign::remove) return line.alert("does not support the operator '-='");
    for (const std::string& word : words) {
        const std::size_t equals = word.find('=');
        if (equals == std::string::npos || equals == 0)
            return line.alert("'" + word + "' is not NAME=VALUE");
        if (line.service().env.size() >= most_values) return line.alert("too many variables");
        line.service().env[word.substr(0, equals)] = word.substr(equals + 1);
    }
}

void passenv(InetLine& line, Words words) {
    auto& names = line.service().passenv;
    if (!names || (line.how == Assign::set && !line.entry.is_defaults)) names.emplace();
    for (const std::string& word : words) {
        if (line.how == Assign::remove)
            names->erase(word);
        else if (names->size() < most_values)
            names->insert(word);
    }
}

void rlimit(InetLine& line, std::optional<std::uint64_t>& field, const std::string& word) {
    if (word == "UNLIMITED") {
        field = ~std::uint64_t{0};  // RLIM_INFINITY
        return;
    }
    const auto bytes = parse_size(word);
    if (!bytes || *bytes == 0) return line.alert("'" + word + "' is not a positive number");
    field = *bytes;
}

void rlimit_as(InetLine& line, Words words) {
    rlimit(line, line.service().limits.address_space, words[0]);
}
void rlimit_cpu(InetLine& line, Words words) {
    rlimit(line, line.service().limits.cpu, words[0]);
}
void rlimit_data(InetLine& line, Words words) {
    rlimit(line, line.service().limits.data, words[0]);
}
void rlimit_files(InetLine& line, Words words) {
    rlimit(line, line.service().limits.files, words[0]);
}
void rlimit_rss(InetLine& line, Words words) {
    rlimit(line, line.service().limits.rss, words[0]);
}
void rlimit_stack(InetLine& line, Words words) {
    rlimit(line, line.service().limits.stack, words[0]);
}

constexpr InetRow rows[] = {
    {"user", in_service, 1, honoured, user, "whom the server runs as: name or number"},
    {"group", in_service, 1, honoured, group, "its group, if not the user's own"},
    {"groups", in_both, 1, honoured, groups, "yes: the user's other groups besides"},
    {"umask", in_both, 1, honoured, umask, "an octal mask for files it makes"},
    {"nice", in_service, 1, honoured, nice, "its priority, -20 to 19"},
    {"env", in_service, a_set, honoured, env, "NAME=VALUE to add to its environment"},
    {"passenv", in_both, a_set, honoured, passenv,
     "variables of our own environment that it gets, if not all"},
    {"rlimit_as", in_service, 1, honoured, rlimit_as, "its address space in bytes, or UNLIMITED"},
    {"rlimit_cpu", in_service, 1, honoured, rlimit_cpu, "its CPU time in seconds"},
    {"rlimit_data", in_service, 1, honoured, rlimit_data, "its data in bytes"},
    {"rlimit_files", in_service, 1, honoured, rlimit_files, "its open files"},
    {"rlimit_rss", in_service, 1, honoured, rlimit_rss, "its resident set in bytes"},
    {"rlimit_stack", in_service, 1, honoured, rlimit_stack, "its stack in bytes"},
};

}  // namespace

std::span<const InetRow> inet_child_rows() {
    return rows;
}

const InetRow* find_inet_row(std::string_view name) {
    const InetRow* found = nullptr;
    each_inet_row([&](const InetRow& row) {
        if (row.name == name) found = &row;
    });
    return found;
}

}  // namespace pgsteer::config
