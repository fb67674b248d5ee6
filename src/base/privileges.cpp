#include "base/privileges.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <ctime>

#include "base/fd.h"
#include "base/units.h"

namespace pgsteer {
namespace {

struct Ids {
    uid_t user;
    gid_t group;
};

Result<Ids> find_user(const std::string& name) {
    const passwd* entry = ::getpwnam(name.c_str());
    if (entry == nullptr) {
        const auto id = parse_integer(name, 0, UINT32_MAX - 1);
        if (!id) return Error{fmt::format("user '{}' does not exist", name)};
        entry = ::getpwuid(static_cast<uid_t>(*id));
        if (entry == nullptr) return Ids{static_cast<uid_t>(*id), static_cast<gid_t>(*id)};
    }
    return Ids{entry->pw_uid, entry->pw_gid};
}

Result<gid_t> find_group(const std::string& name) {
    if (const ::group* entry = ::getgrnam(name.c_str())) return entry->gr_gid;
    const auto id = parse_integer(name, 0, UINT32_MAX - 1);
    if (!id) return Error{fmt::format("group '{}' does not exist", name)};
    return static_cast<gid_t>(*id);
}

// No descriptor of a folder is open that would lead out again.
Result<void> go_into(const std::string& folder) {
    ::tzset();  // local times are written in the log: /etc/localtime is out of reach later
    if (::chroot(folder.c_str()) == 0 && ::chdir("/") == 0) return {};
    const bool forbidden = errno == EPERM;
    Error error = system_error(fmt::format("cannot chroot({})", folder));
    if (forbidden)
        error.text +=
            "; it needs root: start the program as root, or remove the line where the "
            "service manager keeps the process apart";
    return error;
}

Result<void> take(const Ids& ids) {
    if (ids.user == ::geteuid() && ids.group == ::getegid()) return {};
    if (::geteuid() == 0 && ::setgroups(0, nullptr) != 0) return system_error("setgroups");
    if (::setgid(ids.group) != 0)
        return system_error(fmt::format("cannot change to group {}", ids.group));
    if (::setuid(ids.user) != 0)
        return system_error(fmt::format("cannot change to user {}", ids.user));
    if (ids.user != 0 && ::setuid(0) == 0)
        return Error{"root could be had back after setuid; refusing to run"};
    return {};
}

}  // namespace

Result<void> become(const Identity& identity) {
    Ids ids{::geteuid(), ::getegid()};
    if (identity.user) {
        const auto found = find_user(*identity.user);
        if (!found) return found.error();
        ids = *found;
    }
    if (identity.group) {
        const auto found = find_group(*identity.group);
        if (!found) return found.error();
        ids.group = *found;
    }
    if (identity.root_folder)
        if (auto gone = go_into(*identity.root_folder); !gone) return gone;
    return take(ids);
}

Result<void> daemonise() {
    const pid_t child = ::fork();
    if (child < 0) return system_error("fork");
    if (child > 0) ::_exit(EXIT_SUCCESS);
    if (::setsid() < 0) return system_error("setsid");
    UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    if (!null) return system_error("/dev/null");
    for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        if (::dup2(null.get(), standard) < 0) return system_error("dup2");
    return {};
}

Result<void> write_pid_file(const std::string& path) {
    const UniqueFd file(
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (!file) return system_error("pid file " + path);
    const std::string text = fmt::format("{}\n", ::getpid());
    if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
        return system_error("pid file " + path);
    return {};
}

std::size_t raise_descriptor_limit(std::size_t wanted) {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
    if (limit.rlim_cur >= wanted) return limit.rlim_cur;
    rlimit raised{wanted, std::max<rlim_t>(limit.rlim_max, wanted)};
    if (::setrlimit(RLIMIT_NOFILE, &raised) != 0) {
        raised = {std::min<rlim_t>(wanted, limit.rlim_max), limit.rlim_max};
        if (::setrlimit(RLIMIT_NOFILE, &raised) != 0) return limit.rlim_cur;
    }
    return raised.rlim_cur;
}

unsigned usable_cores() {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
    return static_cast<unsigned>(std::max(1, CPU_COUNT(&set)));
}

}  // namespace pgsteer
