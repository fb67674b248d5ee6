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

constexpr Row rows[] = {
    {"localpeer", in_global, honoured, local_peer, "the value of HAPROXY_LOCALPEER, as -L"},
    {"unix-bind", in_global, honoured, unix_bind,
     "prefix, mode, user, uid, group, gid: of the paths of 'bind' lines below"},
};

}  // namespace

std::span<const Row> process_rows() {
    return rows;
}

}  // namespace pgsteer::config
