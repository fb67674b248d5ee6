// Keywords of the global section about the process and its surroundings.
#include "config/keywords.h"

namespace pgsteer::config {
namespace {

constexpr auto honoured = KeywordClass::honoured;
constexpr std::uint32_t most_id = 4'294'967'294;  // the last one means "none" (chown(2))

void local_peer(Line& line, Words words) {
    if (line.arguments(words, 1, 1)) line.draft.variables["HAPROXY_LOCALPEER"] = words[0];
}

void take_unix_bind(Line& line, const std::string& name, const std::string& value) {
    UnixBind& common = line.draft.unix_bind;
    if (name == "prefix") {
        common.prefix = value;
    } else if (name == "mode") {
        common.mode = line.file_mode(value);
    } else if (name == "user") {
        common.user = value;
    } else if (name == "group") {
        common.group = value;
    } else if (name == "uid") {
        if (line.count(value, 0, most_id)) common.user = value;
    } else if (name == "gid") {
        if (line.count(value, 0, most_id)) common.group = value;
    } else {
        line.alert("expects 'prefix', 'mode', 'user', 'uid', 'group' or 'gid' but got '" + name +
                   "'");
    }
}

void unix_bind(Line& line, Words words) {
    if (words.empty()) return line.alert("needs one of prefix, mode, user, uid, group and gid");
    for (std::size_t i = 0; i < words.size(); i += 2) {
        if (i + 1 == words.size()) return line.alert("'" + words[i] + "' needs a value");
        take_unix_bind(line, words[i], words[i + 1]);
    }
}

// What is given twice: as in HAProxy, the first one stays.
bool is_first(Line& line, bool given) {
    if (given) line.warning("already specified; the line is ignored");
    return !given;
}

// The system's own bound is told at start, by what is in force then.
constexpr std::uint32_t most_open_files = 2'000'000'000;

void open_files(Line& line, Words words) {
    if (!line.arguments(words, 1, 1)) return;
    const auto value = line.count(words[0], 1, most_open_files);
    if (value && is_first(line, line.draft.global.open_files != 0))
        line.draft.global.open_files = *value;
}

void spread_checks(Line& line, Words words) {
    if (!line.arguments(words, 1, 1)) return;
    const auto value = line.count(words[0], 0, 50);
    if (value && is_first(line, line.draft.global.check_spread.percent != 0))
        line.draft.global.check_spread.percent = *value;
}

void max_spread_checks(Line& line, Words words) {
    if (!line.arguments(words, 1, 1)) return;
    if (const auto value = line.time(words[0])) line.draft.global.check_spread.longest = *value;
}

void root_folder(Line& line, Words words) {
    if (!line.arguments(words, 1, 1)) return;
    if (!is_first(line, line.draft.global.root_folder.has_value())) return;
    if (words[0].empty()) return line.alert("needs a folder");
    line.draft.global.root_folder = words[0];
    line.draft.global.root_folder_at = line.at;
}

constexpr Row rows[] = {
    {"chroot", in_global, honoured, root_folder,
     "the folder that is all the process sees once it has started; files are read before, and what "
     "names stand for is asked of the name servers of then"},
    {"ulimit-n", in_global, honoured, open_files,
     "files and sockets the process may have open, if it may not open more already; without it as "
     "many as maxconn needs"},
    {"spread-checks", in_global, honoured, spread_checks,
     "0 to 50: each interval between checks is longer or shorter by up to so many percent"},
    {"max-spread-checks", in_global, honoured, max_spread_checks,
     "longest time from the first server's checks to the last one's, where intervals are longer"},
    {"localpeer", in_global, honoured, local_peer, "the value of HAPROXY_LOCALPEER, as -L"},
    {"unix-bind", in_global, honoured, unix_bind,
     "prefix, mode, user, uid, group, gid: of the paths of 'bind' lines below"},
};

}  // namespace

std::span<const Row> process_rows() {
    return rows;
}

}  // namespace pgsteer::config
