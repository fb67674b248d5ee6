// vfork and not posix_spawn: that one knows no limits, no user, no umask and no niceness. The child
// borrows our memory until its exec, so it may call the kernel only, and its errors come back
// through a variable.
#include "inetd/spawn.h"

#include <grp.h>
#include <pwd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <csignal>

namespace pgsteer::inetd {
namespace {

// What may go wrong in the child; the word for the log.
enum class Step { none, descriptors, limits, group, groups, user, exec };

const char* word(Step step) {
    switch (step) {
        case Step::none:
            return "start";
        case Step::descriptors:
            return "dup2";
        case Step::limits:
            return "setrlimit";
        case Step::group:
            return "setgid";
        case Step::groups:
            return "setgroups";
        case Step::user:
            return "setuid";
        case Step::exec:
            return "execve";
    }
    return "";
}

struct Order {
    const config::InetService& service;
    const Program& program;
    int socket;
    bool root;
    char* const* arguments;
    char* const* environment;
    const sigset_t* signals;
};

struct Outcome {
    volatile Step step = Step::none;
    volatile int error_number = 0;
};

bool set_limits(const config::Limits& limits) {
    const auto set = [](auto resource, const std::optional<std::uint64_t>& value) {
        if (!value) return true;
        const rlimit both{*value, *value};
        return ::setrlimit(resource, &both) == 0;
    };
    return set(RLIMIT_AS, limits.address_space) && set(RLIMIT_CPU, limits.cpu) &&
           set(RLIMIT_DATA, limits.data) && set(RLIMIT_NOFILE, limits.files) &&
           set(RLIMIT_RSS, limits.rss) && set(RLIMIT_STACK, limits.stack);
}

// The system calls themselves: glibc's wrappers would tell our other threads to follow.
Step set_identity(const Order& order) {
    const config::InetService& service = order.service;
    if (order.root && service.gid && ::syscall(SYS_setgid, *service.gid) != 0) return Step::group;
    if (order.root && (service.gid || service.uid) &&
        ::syscall(SYS_setgroups, order.program.groups.size(), order.program.groups.data()) != 0)
        return Step::groups;
    if (order.root && service.uid && ::syscall(SYS_setuid, *service.uid) != 0) return Step::user;
    return Step::none;
}

void reset_signals() {
    for (int number = 1; number < NSIG; ++number)
        if (number != SIGKILL && number != SIGSTOP) (void)::signal(number, SIG_DFL);
}

Step become_server(const Order& order) {
    reset_signals();
    (void)::setsid();
    if (::chdir("/") != 0) return Step::descriptors;  // where xinetd is
    if (order.service.umask) (void)::umask(*order.service.umask);
    // A priority that is not permitted is no reason to refuse a check; xinetd goes on as well.
    if (order.service.nice && ::nice(*order.service.nice) < 0) errno = 0;
    const Step identity = set_identity(order);
    if (identity != Step::none) return identity;
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)
        if (::dup2(order.socket, fd) < 0) return Step::descriptors;
    (void)::syscall(SYS_close_range, STDERR_FILENO + 1, UINT_MAX, 0);
    if (!set_limits(order.service.limits)) return Step::limits;
    (void)::sigprocmask(SIG_SETMASK, order.signals, nullptr);
    (void)::execve(order.program.path.c_str(), order.arguments, order.environment);
    return Step::exec;
}

// A frame of its own: what the child does on its stack must not be what the parent lives on.
__attribute__((noinline)) pid_t vfork_server(const Order& order, Outcome& outcome) {
    const pid_t pid = ::vfork();
    if (pid == 0) {
        outcome.step = become_server(order);
        outcome.error_number = errno;
        ::_exit(127);
    }
    return pid;
}

std::vector<char*> pointers(const std::vector<std::string>& words) {
    std::vector<char*> all;
    all.reserve(words.size() + 2);
    for (const std::string& word : words)
        all.push_back(const_cast<char*>(word.c_str()));
    return all;
}

std::vector<gid_t> other_groups(const config::InetService& service) {
    if (!service.groups || !service.uid) return {};
    const passwd* entry = ::getpwuid(*service.uid);
    if (entry == nullptr) return {};
    int count = NGROUPS_MAX;
    std::vector<gid_t> groups(static_cast<std::size_t>(count));
    if (::getgrouplist(entry->pw_name, entry->pw_gid, groups.data(), &count) < 0) return {};
    groups.resize(static_cast<std::size_t>(count));
    return groups;
}

}  // namespace

Program make_program(const config::InetService& service, const std::vector<std::string>& own) {
    Program program;
    program.path = service.server;
    if (!service.name_in_args)
        program.arguments.push_back(service.server.substr(service.server.rfind('/') + 1));
    program.arguments.insert(program.arguments.end(), service.server_args.begin(),
                             service.server_args.end());
    for (const std::string& variable : own) {
        const std::string name = variable.substr(0, variable.find('='));
        const bool passed = !service.passenv || service.passenv->contains(name);
        if (passed && !service.env.contains(name) && name != "REMOTE_HOST")
            program.environment.push_back(variable);
    }
    for (const auto& [name, value] : service.env)
        program.environment.push_back(name + "=" + value);
    program.groups = other_groups(service);
    return program;
}

Result<Child> spawn(const config::InetService& service, const Program& program, int socket,
                    const std::string& remote_host) {
    std::string remote = "REMOTE_HOST=" + remote_host;
    std::vector<char*> arguments = pointers(program.arguments);
    std::vector<char*> environment = pointers(program.environment);
    arguments.push_back(nullptr);
    environment.push_back(remote.data());
    environment.push_back(nullptr);

    sigset_t all;
    sigset_t before;
    ::sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, &before);  // no handler of ours may run in the child
    sigset_t none;
    ::sigemptyset(&none);
    const Order order{
        service, program, socket, ::geteuid() == 0, arguments.data(), environment.data(), &none};
    Outcome outcome;
    const pid_t pid = vfork_server(order, outcome);
    const int fork_error = errno;
    ::sigprocmask(SIG_SETMASK, &before, nullptr);

    if (pid < 0) return system_error("fork", fork_error);
    if (outcome.step != Step::none) {
        (void)::waitpid(pid, nullptr, 0);  // it has ended already
        return system_error(std::string(word(outcome.step)) + " " + program.path,
                            outcome.error_number);
    }
    Child child{pid, UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)))};
    if (!child.pidfd) {
        const int error_number = errno;
        (void)::kill(-pid, SIGKILL);
        (void)::waitpid(pid, nullptr, 0);
        return system_error("pidfd_open", error_number);
    }
    return child;
}

}  // namespace pgsteer::inetd
