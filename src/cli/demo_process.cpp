#include "cli/demo_process.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>

namespace pgsteer::cli {
namespace {

constexpr milliseconds question_pause{20};
constexpr std::size_t most_last_words = 1500;  // bytes of a child's log in an error message

// Everything exec needs, made before fork(): between the two only async-signal-safe calls are
// allowed, because a thread of ours (the writer) may have held malloc's lock.
struct Prepared {
    std::vector<char*> arguments;
    UniqueFd output, nothing;
    std::string folder;
    const RunAs* run_as = nullptr;
    int stop_signal = SIGTERM;
    pid_t parent = 0;
};

[[noreturn]] void become_program(const Prepared& prepared) {
    ::setsid();
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::dup2(prepared.nothing.get(), STDIN_FILENO);
    ::dup2(prepared.output.get(), STDOUT_FILENO);
    ::dup2(prepared.output.get(), STDERR_FILENO);
    bool good = ::chdir(prepared.folder.c_str()) == 0;
    if (const RunAs* who = prepared.run_as) {
        good = good && ::setgroups(who->groups.size(), who->groups.data()) == 0 &&
               ::setgid(who->group) == 0 && ::setuid(who->user) == 0;
    }
    // After setuid, which clears it. The parent may have died before: then nobody would send it.
    ::prctl(PR_SET_PDEATHSIG, prepared.stop_signal);
    if (good && ::getppid() == prepared.parent)
        ::execv(prepared.arguments[0], prepared.arguments.data());
    constexpr char text[] = "pgsteer demo: this program could not be started\n";
    (void)!::write(STDERR_FILENO, text, sizeof text - 1);
    ::_exit(127);
}

// Parent of a process, from /proc; 0 when it has gone.
pid_t parent_of(const std::filesystem::path& proc_folder) {
    std::ifstream file(proc_folder / "stat");
    const std::string line((std::istreambuf_iterator<char>(file)), {});
    const auto end_of_name = line.rfind(')');  // the name itself may hold anything
    if (end_of_name == std::string::npos || line.size() < end_of_name + 5) return 0;
    return static_cast<pid_t>(std::strtol(line.c_str() + end_of_name + 4, nullptr, 10));
}

std::vector<pid_t> children_of(pid_t parent) {
    std::vector<pid_t> found;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
        const std::string name = entry.path().filename();
        if (!std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; }))
            continue;
        if (parent_of(entry.path()) == parent)
            found.push_back(static_cast<pid_t>(std::strtol(name.c_str(), nullptr, 10)));
    }
    return found;
}

}  // namespace

StopSignal::StopSignal() {
    sigset_t set;
    ::sigemptyset(&set);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP})
        ::sigaddset(&set, signal);
    ::sigprocmask(SIG_BLOCK, &set, nullptr);
    fd_.reset(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

// The signal is never read, so it stays pending and every later question has the same answer.
bool StopSignal::requested() const {
    pollfd one{fd_.get(), POLLIN, 0};
    return ::poll(&one, 1, 0) > 0;
}

void StopSignal::wait(milliseconds span) const {
    pollfd one{fd_.get(), POLLIN, 0};
    ::poll(&one, 1, static_cast<int>(span.count()));
}

Patience StopSignal::patience(milliseconds span) const {
    return {after(Clock::now(), span), [this] { return requested(); }};
}

Result<void> wait_until(const std::string& what, const std::function<bool()>& condition,
                        const Patience& patience) {
    while (!condition()) {
        if (patience.stopped()) return Error{"stopped while waiting until " + what};
        if (Clock::now() > patience.deadline) return Error{"waited too long until " + what};
        ::poll(nullptr, 0, static_cast<int>(question_pause.count()));
    }
    return {};
}

Result<std::optional<RunAs>> postgres_identity() {
    if (::geteuid() != 0) return std::optional<RunAs>{};
    const passwd* entry = ::getpwnam("postgres");
    if (!entry) {
        return Error{
            "started as root, and there is no user postgres to run PostgreSQL as; "
            "install PostgreSQL's server package, or start as another user"};
    }
    RunAs who{entry->pw_uid, entry->pw_gid, std::vector<gid_t>(64)};
    int count = static_cast<int>(who.groups.size());
    if (::getgrouplist("postgres", who.group, who.groups.data(), &count) < 0) count = 0;
    who.groups.resize(static_cast<std::size_t>(count));
    return std::optional<RunAs>{std::move(who)};
}

Result<Child> Child::start(const ChildOptions& options) {
    std::vector<std::string> words = options.command;
    Prepared prepared;
    for (std::string& word : words)
        prepared.arguments.push_back(word.data());
    prepared.arguments.push_back(nullptr);
    prepared.output.reset(
        ::open(options.output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    if (!prepared.output) return system_error(options.output.string());
    prepared.nothing.reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    prepared.folder = options.folder;
    prepared.run_as = options.run_as ? &*options.run_as : nullptr;
    prepared.stop_signal = options.stop_signal;
    prepared.parent = ::getpid();

    const pid_t pid = ::fork();
    if (pid < 0) return system_error("cannot start " + options.command[0]);
    if (pid == 0) become_program(prepared);
    Child child;
    child.pid_ = pid;
    child.output_ = options.output;
    child.stop_signal_ = options.stop_signal;
    return child;
}

Child::Child(Child&& other) noexcept {
    *this = std::move(other);
}

Child& Child::operator=(Child&& other) noexcept {
    if (this != &other) {
        stop(seconds(5));
        pid_ = std::exchange(other.pid_, -1);
        status_ = std::exchange(other.status_, std::nullopt);
        output_ = std::move(other.output_);
        stop_signal_ = other.stop_signal_;
    }
    return *this;
}

void Child::reap(int options) {
    if (pid_ < 0 || status_) return;
    int status = 0;
    pid_t got = 0;
    do {
        got = ::waitpid(pid_, &status, options);
    } while (got < 0 && errno == EINTR);
    if (got == pid_) status_ = status;
}

bool Child::running() {
    reap(WNOHANG);
    return pid_ >= 0 && !status_;
}

std::string Child::ending() {
    if (running()) return "";
    if (pid_ < 0) return "never started";
    return WIFSIGNALED(*status_) ? "signal " + std::to_string(WTERMSIG(*status_))
                                 : "exit status " + std::to_string(WEXITSTATUS(*status_));
}

void Child::stop(milliseconds span) {
    if (!running()) return;
    ::kill(pid_, stop_signal_);
    const auto ended = wait_until("it ended", [this] { return !running(); },
                                  {after(Clock::now(), span), [] { return false; }});
    if (!ended) kill_with_children();
}

void Child::kill_with_children() {
    if (!running()) return;
    ::kill(pid_, SIGSTOP);  // so that it starts no child while they are counted
    for (const pid_t child : children_of(pid_))
        ::kill(child, SIGKILL);
    ::kill(pid_, SIGKILL);
    reap(0);
}

std::string Child::last_words() const {
    std::ifstream file(output_);
    std::string text((std::istreambuf_iterator<char>(file)), {});
    if (text.size() > most_last_words) text.erase(0, text.size() - most_last_words);
    return text;
}

Result<void> run_to_end(const ChildOptions& options, const Patience& patience) {
    auto child = Child::start(options);
    if (!child) return child.error();
    const std::string name = std::filesystem::path(options.command[0]).filename();
    if (auto ended = wait_until(
            name + " ended", [&] { return !child->running(); }, patience);
        !ended)
        return ended;
    if (child->ending() != "exit status 0")
        return Error{name + ": " + child->ending() + "\n" + child->last_words()};
    return {};
}

}  // namespace pgsteer::cli
