#include <dirent.h>
#include <grp.h>
#include <netdb.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "config/xinetd_rows.h"

namespace pgsteer::config {
namespace {

constexpr std::size_t most_file_bytes = 16U << 20;
constexpr std::size_t most_files = 10'000;

bool read_file(InetDraft& draft, const std::string& path, int depth, Include include,
               const Location& at) {
    std::error_code failed;
    // A pipe or a device may never end.
    if (!std::filesystem::is_regular_file(path, failed)) {
        draft.report.alert(at, "cannot read '" + path + "': not a file");
        return false;
    }
    std::ifstream stream(path, std::ios::binary);
    if (!stream) {
        draft.report.alert(at, system_error("cannot open '" + path + "'").text);
        return false;
    }
    std::string text(most_file_bytes + 1, '\0');
    stream.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(stream.gcount()));
    if (text.size() > most_file_bytes) {
        draft.report.alert(at, "'" + path + "' is larger than 16 MiB");
        return false;
    }
    read_inet_text(draft, text, path, depth, include);
    return true;
}

// includedir's rules: no name with a dot in it or a ~ at its end; in the order of the C locale.
std::vector<std::string> included(InetDraft& draft, const std::string& folder, const Location& at) {
    std::vector<std::string> names;
    std::error_code failed;
    std::filesystem::directory_iterator entry(folder, failed);
    for (; !failed && entry != std::filesystem::directory_iterator(); entry.increment(failed)) {
        const std::string name = entry->path().filename().string();
        if (name.find('.') != std::string::npos || name.ends_with('~')) continue;
        if (entry->is_directory(failed)) continue;
        names.push_back(entry->path().string());
        if (names.size() >= most_files) break;
    }
    if (failed) draft.report.alert(at, "cannot read '" + folder + "': " + failed.message());
    std::sort(names.begin(), names.end());
    return names;
}

void follow(InetDraft& draft, const std::string& path, bool folder, int depth, const Location& at) {
    if (depth > most_include_depth)
        return draft.report.alert(at, "'" + path + "' includes itself, or too deep");
    if (!folder) {
        read_file(draft, path, depth, follow, at);
        return;
    }
    for (const std::string& file : included(draft, path, at)) {
        if (draft.report.full()) return;
        read_file(draft, file, depth, follow, at);
    }
}

LoadedInet finish(InetDraft& draft) {
    LoadedInet loaded;
    loaded.config = resolve_inet(draft);
    loaded.diagnostics = std::move(draft.report.diagnostics);
    loaded.uses = std::move(draft.report.uses);
    return loaded;
}

std::optional<SystemNames::User> find_user(const std::string& name) {
    const passwd* entry = ::getpwnam(name.c_str());
    if (entry != nullptr) return SystemNames::User{entry->pw_uid, entry->pw_gid};
    const auto number = parse_integer(name, 0, UINT32_MAX - 1);
    if (!number) return std::nullopt;
    const auto uid = static_cast<uid_t>(*number);
    entry = ::getpwuid(uid);
    return SystemNames::User{uid, entry != nullptr ? entry->pw_gid : static_cast<gid_t>(uid)};
}

std::optional<gid_t> find_group(const std::string& name) {
    if (const ::group* entry = ::getgrnam(name.c_str())) return entry->gr_gid;
    const auto number = parse_integer(name, 0, UINT32_MAX - 1);
    if (!number) return std::nullopt;
    return static_cast<gid_t>(*number);
}

std::optional<std::uint16_t> find_port(const std::string& name) {
    const servent* entry = ::getservbyname(name.c_str(), "tcp");
    if (entry == nullptr) return std::nullopt;
    return ntohs(static_cast<std::uint16_t>(entry->s_port));
}

bool is_executable(const std::string& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
           (status.st_mode & 0111) != 0;
}

}  // namespace

bool LoadedInet::ok() const {
    return std::none_of(diagnostics.begin(), diagnostics.end(),
                        [](const Diagnostic& d) { return d.severity == Severity::alert; });
}

SystemNames system_names() {
    return {find_port, find_user, find_group, is_executable};
}

LoadedInet load_inet(const std::vector<std::string>& paths, const SystemNames& names) {
    InetDraft draft{{}, names, {}, false, {}};
    for (const std::string& path : paths) {
        const Location at{std::make_shared<const std::string>(path), 0};
        std::error_code ignored;
        follow(draft, path, std::filesystem::is_directory(path, ignored), 0, at);
    }
    return finish(draft);
}

LoadedInet load_inet_text(std::string_view text, const std::string& file_name,
                          const SystemNames& names) {
    InetDraft draft{{}, names, {}, false, {}};
    read_inet_text(draft, text, file_name, 0, nullptr);
    return finish(draft);
}

std::string inet_markdown() {
    std::string out =
        "| attribute | in | class | meaning, or why not |\n| --- | --- | --- | --- |\n";
    std::vector<InetRow> rows;
    each_inet_row([&](const InetRow& row) { rows.push_back(row); });
    std::stable_sort(rows.begin(), rows.end(),
                     [](const InetRow& a, const InetRow& b) { return a.name < b.name; });
    for (const InetRow& row : rows) {
        const bool honoured = row.kind == KeywordClass::honoured;
        std::string meaning(honoured ? row.help : row.reason);
        if (!row.instead.empty()) meaning += "; " + std::string(row.instead);
        out += "| `" + std::string(row.name) + "` | ";
        out += row.where == in_both ? "both" : row.where == in_service ? "service" : "defaults";
        out += honoured                          ? " | honoured | "
               : row.kind == KeywordClass::inert ? " | without effect | "
                                                 : " | refused | ";
        out += meaning + " |\n";
    }
    return out;
}

}  // namespace pgsteer::config
