#include "router/master.h"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <cstdlib>

#include "base/descriptors.h"
#include "base/log.h"
#include "base/service_manager.h"
#include "router/flags.h"
#include "router/handover.h"
#include "router/link.h"
#include "router/master_cli.h"

namespace asio = boost::asio;

namespace pgsteer::router {
namespace {

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);
constexpr int signals_of_master[] = {SIGTERM, SIGINT, SIGUSR1, SIGUSR2, SIGHUP, SIGCHLD};

// A signal that comes while there is no handler for it would end the process: from before exec
// until the next master listens they wait.
void hold_signals(int how) {
    sigset_t set;
    ::sigemptyset(&set);
    for (const int signal : signals_of_master)
        ::sigaddset(&set, signal);
    (void)::sigprocmask(how, &set, nullptr);
}

std::int64_t wall_seconds() {
    return std::chrono::duration_cast<seconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

// The array that exec wants; points into `words`.
std::vector<char*> pointers(const std::vector<std::string>& words) {
    std::vector<char*> pointers;
    for (const std::string& word : words)
        pointers.push_back(const_cast<char*>(word.c_str()));
    pointers.push_back(nullptr);
    return pointers;
}

int exit_status(int status) {
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

std::string end_words(int status) {
    return WIFSIGNALED(status)
               ? fmt::format("{} ({})", exit_status(status), ::strsignal(WTERMSIG(status)))
               : fmt::format("{} (Exit)", exit_status(status));
}

}  // namespace

Master::Master(MasterParts parts) : parts_(std::move(parts)), signals_(io_) {
    for (const int signal : signals_of_master)
        signals_.add(signal);
    hold_signals(SIG_UNBLOCK);
    record_.started = wall_seconds();
    sockets_ = unpack_sockets(parts_.inherited_sockets);
    if (auto inherited = unpack_master(parts_.inherited)) record_ = std::move(*inherited);
    record_.rules = parts_.rules.value_or(record_.rules);
    for (WorkerRecord& known : std::exchange(record_.workers, {})) {
        close_on_exec(known.link);
        auto& worker = workers_.emplace_back(std::make_unique<Worker>());
        worker->link.reset(known.link);
        worker->record = std::move(known);
        worker->is_ready = true;
    }
}

Master::~Master() = default;

int Master::run() {
    if (!begin()) return 1;
    asio::co_spawn(io_, signal_loop(), asio::detached);
    for (const auto& worker : workers_)
        asio::co_spawn(io_, hear_worker(worker->record.pid), asio::detached);
    start_worker();
    if (workers_.empty()) return 1;
    reap();
    io_.run();
    notify_manager(parts_.manager, "STOPPING=1");
    return status_;
}

bool Master::begin() {
    auto cli = MasterCli::open(io_, *this, parts_.cli, std::exchange(record_.listeners, {}));
    if (!cli) {
        log::alert("{}", cli.error().text);
        if (workers_.empty()) return false;
        // Those that are there go on all the same.
    } else {
        cli_ = std::move(*cli);
        record_.listeners = cli_->listeners();
    }
    return true;
}

// What the next process is to find, besides what this one found.
std::vector<std::string> Master::environment() const {
    std::vector<std::string> variables;
    for (char** variable = ::environ; *variable != nullptr; ++variable) {
        const std::string_view text(*variable);
        const std::string_view name = text.substr(0, text.find('='));
        if (name != worker_variable && name != sockets_variable && name != master_variable)
            variables.emplace_back(text);
    }
    variables.push_back(fmt::format("{}={}", sockets_variable, pack(sockets_)));
    return variables;
}

void Master::start_worker() {
    auto link = make_link();
    if (!link) return log::alert("cannot start a worker: {}", link.error().text);
    std::vector<std::string> arguments{parts_.program};
    arguments.insert(arguments.end(), parts_.arguments.begin(), parts_.arguments.end());
    std::vector<std::string> variables = environment();
    std::erase_if(variables, [](const auto& text) { return text.starts_with("NOTIFY_SOCKET="); });
    variables.push_back(fmt::format("{}={}", worker_variable, link->second.get()));
    const auto argv = pointers(arguments);
    const auto envp = pointers(variables);
    const pid_t pid = ::fork();
    if (pid < 0) return log::alert("cannot start a worker: {}", system_error("fork").text);
    if (pid == 0) {
        for (const HeldSocket& socket : sockets_)
            keep_over_exec(socket.socket->get());
        keep_over_exec(link->second.get());
        if (::chdir(parts_.folder.c_str()) == 0)
            ::execve(parts_.program.c_str(), argv.data(), envp.data());
        ::_exit(127);
    }
    auto& worker = workers_.emplace_back(std::make_unique<Worker>());
    worker->record = {pid,   link->first.get(), wall_seconds(), record_.reloads,
                      false, parts_.version};
    worker->link = std::move(link->first);
    log::notice("New worker ({}) forked", pid);
    asio::co_spawn(io_, hear_worker(pid), asio::detached);
}

std::vector<std::unique_ptr<Master::Worker>>::iterator Master::find_worker(pid_t pid) {
    return std::find_if(workers_.begin(), workers_.end(),
                        [pid](const auto& one) { return one->record.pid == pid; });
}

// Until the worker ends: reap() takes it out then.
asio::awaitable<void> Master::hear_worker(pid_t pid) {
    const auto started = find_worker(pid);
    if (started == workers_.end()) co_return;
    asio::posix::stream_descriptor link(io_, ::dup((*started)->link.get()));
    for (;;) {
        const auto [error] =
            co_await link.async_wait(asio::posix::stream_descriptor::wait_read, quietly);
        const auto worker = find_worker(pid);
        if (error || worker == workers_.end()) co_return;
        auto heard = hear((*worker)->link.get());
        if (!heard) co_return;
        if (*heard && (*heard)->word == LinkWord::ready)
            became_ready(**worker, (*heard)->descriptor.get());
    }
}

void Master::became_ready(Worker& worker, int sockets) {
    auto received = receive_sockets(sockets);
    if (!received) {
        log::alert("worker {}: {}; it is ended", worker.record.pid, received.error().text);
        (void)::kill(worker.record.pid, SIGTERM);
        return;
    }
    worker.is_ready = true;
    record_.failed = 0;
    sockets_ = std::move(*received);
    log::notice("Loading success.");
    dismiss(worker);
    notify_manager(parts_.manager, fmt::format("READY=1\nMAINPID={}\nSTATUS=Ready.", ::getpid()));
}

// The workers before finish their sessions; those that have done so for too many reloads end now.
void Master::dismiss(const Worker& but) {
    const auto most = record_.rules.most_reloads;
    for (const auto& worker : workers_) {
        if (worker.get() == &but) continue;
        WorkerRecord& known = worker->record;
        const bool was_leaving = std::exchange(known.leaving, true);
        // Reloads that failed count, too: they alone are not to end one that has just been current.
        const std::uint32_t outlived = record_.reloads - known.born_after;
        if (most && outlived > *most && (was_leaving || *most == 0)) {
            log::notice("Worker ({}) has outlived {} reloads, mworker-max-reloads is {}: ending it",
                        known.pid, outlived, *most);
            (void)::kill(known.pid, SIGTERM);
        } else if (!was_leaving) {
            (void)::kill(known.pid, SIGUSR1);
        }
    }
}

asio::awaitable<void> Master::signal_loop() {
    for (;;) {
        const auto [error, signal] = co_await signals_.async_wait(quietly);
        if (error) co_return;
        if (signal == SIGCHLD) {
            reap();
        } else if (signal == SIGHUP || signal == SIGUSR2) {
            if (!ending_) reload();
        } else {
            log::notice("{}: ending, and the workers with it", signal == SIGUSR1  ? "SIGUSR1"
                                                               : signal == SIGINT ? "SIGINT"
                                                                                  : "SIGTERM");
            ending_ = true;
            // Clients are to be refused, not to wait in a queue that nobody empties.
            let_sockets_go();
            signal_all(signal == SIGUSR1 ? SIGUSR1 : SIGTERM);
            reap();
        }
    }
}

void Master::reap() {
    int status = 0;
    for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
        const auto found = find_worker(pid);
        if (found == workers_.end()) continue;
        const std::unique_ptr<Worker> worker = std::move(*found);
        workers_.erase(found);
        take_end(*worker, status);
    }
    if (workers_.empty() && ending_) io_.stop();
}

void Master::take_end(const Worker& worker, int status) {
    const pid_t pid = worker.record.pid;
    if (worker.record.leaving || ending_) {
        log::notice("Former worker ({}) exited with code {}", pid, end_words(status));
        return;
    }
    if (!worker.is_ready && !workers_.empty()) {
        ++record_.failed;
        log::alert("Loading failure! Worker ({}) exited with code {}; the one before goes on", pid,
                   end_words(status));
        notify_manager(parts_.manager, "READY=1\nSTATUS=Reload failed.");
        return;
    }
    log::alert("Current worker ({}) exited with code {}", pid, end_words(status));
    if (worker.is_ready && record_.rules.outlives_worker) return;
    // Nobody serves: whoever supervises the master has to know.
    end(exit_status(status));
}

void Master::end(int status) {
    status_ = status;
    ending_ = true;
    let_sockets_go();
    signal_all(SIGTERM);
}

void Master::let_sockets_go() {
    std::vector<OwnedPath> paths;
    for (const HeldSocket& socket : sockets_)
        if (OwnedPath path = owned_path(socket.address); !path.path.empty())
            paths.push_back(std::move(path));
    sockets_.clear();
    remove_paths(paths);
}

void Master::signal_all(int signal) const {
    for (const auto& worker : workers_)
        (void)::kill(worker->record.pid, signal);
}

void Master::reload() {
    log::notice("Reloading pgsteer");
    notify_manager(parts_.manager, reloading_state());
    // One that is not up yet is overtaken by the next.
    for (const auto& worker : workers_)
        if (!worker->is_ready) {
            worker->record.leaving = true;
            (void)::kill(worker->record.pid, SIGTERM);
        }
    MasterRecord next = record_;
    ++next.reloads;
    for (const auto& worker : workers_)
        next.workers.push_back(worker->record);
    // Whom -sf named has been told; its number may be another process's by now.
    std::vector<std::string> arguments = without_replacing(parts_.arguments);
    arguments.insert(arguments.begin(), parts_.program);
    std::vector<std::string> variables = environment();
    variables.push_back(fmt::format("{}={}", master_variable, pack(next)));
    const auto each_descriptor = [&](auto act) {
        for (const HeldSocket& socket : sockets_)
            act(socket.socket->get());
        for (const auto& worker : workers_)
            act(worker->link.get());
        for (const int listener : record_.listeners)
            act(listener);
    };
    each_descriptor(keep_over_exec);
    hold_signals(SIG_BLOCK);
    if (::chdir(parts_.folder.c_str()) == 0)
        ::execve(parts_.program.c_str(), pointers(arguments).data(), pointers(variables).data());
    // Still here: all stays as it was.
    const Error why = system_error("executing " + parts_.program);
    hold_signals(SIG_UNBLOCK);
    each_descriptor(close_on_exec);
    ++record_.failed;
    log::alert("Reload refused: {}", why.text);
    notify_manager(parts_.manager, "READY=1\nSTATUS=Reload failed.");
}

}  // namespace pgsteer::router
