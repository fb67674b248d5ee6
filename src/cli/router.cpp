#include "cli/router.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>

#include "base/log.h"
#include "base/privileges.h"
#include "base/service_manager.h"
#include "cli/check_files.h"
#include "config/conditions.h"
#include "config/load.h"
#include "router/control.h"
#include "router/flags.h"
#include "router/limits.h"
#include "router/listen.h"
#include "router/names.h"

namespace pgsteer::cli {
namespace {

using router::Flags;

constexpr std::string_view usage =
    "usage: pgsteer -f FILE|FOLDER [-f ...] [FLAG ...] [-- FILE ...]\n"
    "  -c         check the files, say what is honoured, and exit; with --json for machines\n"
    "  -cc WORD   exit with 0 if the condition holds, 1 if not, 2 if it is none\n"
    "  -D, -db    background; foreground whatever the file says\n"
    "  -p FILE    write the process id there\n"
    "  -q, -V     quiet; not quiet\n"
    "  -n N       sessions at one time at most\n"
    "  -C FOLDER  change to that folder first\n"
    "  -sf PID... take the ports over from these, which finish their sessions\n"
    "  -st PID... the same, but they end at once\n"
    "  -v         version\n"
    "  -L NAME    value of HAPROXY_LOCALPEER; -dD lets '.diag' speak\n"
    "  -d, -W, -Ws  as haproxy has them, for unit files written for it\n";

// HAProxy's form of a start message.
void complain(std::string_view level, std::string_view text) {
    fmt::print(stderr, "[{}] ({}) : {}\n", level, ::getpid(), text);
}

std::optional<std::string> environment(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return value != nullptr ? std::optional<std::string>(value) : std::nullopt;
}

void print_diagnostics(const std::vector<config::Diagnostic>& diagnostics, bool alerts_only) {
    for (const config::Diagnostic& diagnostic : diagnostics) {
        const bool is_alert = diagnostic.severity == config::Severity::alert;
        if (alerts_only && !is_alert) continue;
        const std::string_view level = is_alert ? "ALERT"
                                       : diagnostic.severity == config::Severity::warning
                                           ? "WARNING"
                                           : "NOTICE";
        complain(level, "config : " + diagnostic.line());
    }
}

std::uint32_t settle_maxconn(const config::Global& global, const Flags& flags,
                             std::size_t listeners) {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) limit.rlim_max = 1024;  // Linux's old default
    const auto wanted =
        router::wanted_limits({flags.maxconn, global.maxconn, listeners, limit.rlim_max});
    const std::size_t have = raise_descriptor_limit(wanted.descriptors);
    if (have >= wanted.descriptors) return wanted.maxconn;
    const std::uint32_t possible = router::sessions_within(have, listeners);
    if (wanted.chosen)
        complain("ALERT", fmt::format("maxconn {} needs {} open files, the limit is {}: going on "
                                      "with maxconn {}; raise LimitNOFILE (systemd) or ulimit -n",
                                      wanted.maxconn, wanted.descriptors, have, possible));
    return possible;
}

std::string host_name() {
    std::array<char, 256> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

std::size_t descriptors_in_force() {
    rlimit limit{};
    return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 0;
}

void signal_replaced(const Flags& flags) {
    const auto signal_all = [](const std::vector<int>& pids, int signal, std::string_view flag) {
        for (const int pid : pids)
            if (::kill(pid, signal) != 0)
                log::warning("{}", system_error(fmt::format("{} {}", flag, pid)).text);
    };
    signal_all(flags.finish, SIGUSR1, "-sf");
    signal_all(flags.end, SIGTERM, "-st");
}

// Background, pid file, and the end of root: after this nothing privileged can be done.
Result<void> settle_process(const config::Global& global, const Flags& flags) {
    const std::string pid_file =
        flags.pid_file.empty() ? global.pid_file.value_or("") : flags.pid_file;
    if ((global.daemon || flags.daemon) && !flags.foreground) {
        // Tried before the fork, while the terminal can still be told; written again below, as the
        // fork changes the number.
        if (!pid_file.empty())
            if (auto written = write_pid_file(pid_file); !written) return written;
        if (auto done = daemonise(); !done) return done;
        log::silence_stderr();
    }
    if (!pid_file.empty())
        if (auto written = write_pid_file(pid_file); !written) return written;
    return become({global.user, global.group});
}

// To the terminal, and to the log targets: of a daemon only those are left.
int fail(const std::string& text) {
    complain("ALERT", text);
    log::silence_stderr();
    log::alert("{}", text);
    return 1;
}

std::string system_resolv_conf() {
    std::ifstream file("/etc/resolv.conf", std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::unique_ptr<health::Cluster> make_cluster(const config::Config& config, std::size_t workers) {
    auto random = std::make_shared<std::mt19937>(std::random_device{}());
    return std::make_unique<health::Cluster>(
        config, health::ClusterOptions{workers, Clock::now(), [random] {
                                           return std::uniform_real_distribution<double>(
                                               0.0, 1.0)(*random);
                                       }});
}

// All that keeps the router from starting is said at once.
bool print_failures(const std::vector<router::NameFailure>& names,
                    const std::vector<router::BindFailure>& binds) {
    bool fatal = !binds.empty();
    for (const auto& failure : names) {
        complain(failure.fatal ? "ALERT" : "WARNING",
                 fmt::format("config : [{}] {}", failure.at.text(), failure.text));
        fatal = fatal || failure.fatal;
    }
    for (const auto& failure : binds)
        complain("ALERT", fmt::format("[{}] {}", failure.at.text(), failure.text));
    return fatal;
}

int route(config::Config& config, const Flags& flags) {
    const auto& global = config.global;
    const std::size_t workers =
        std::clamp<std::size_t>(global.threads.value_or(usable_cores()), 1, routing::most_workers);
    config.global.maxconn = settle_maxconn(global, flags, router::count_listeners(config, workers));

    config.global.quiet =
        global.quiet || flags.quiet || ((global.daemon || flags.daemon) && !flags.foreground);
    auto cluster = make_cluster(config, workers);
    router::add_system_nameservers(config, system_resolv_conf());
    auto names = std::make_unique<router::Names>(*cluster, config);
    const auto unresolved = names->resolve_all(resolve_host, Clock::now());
    const auto table = cluster->table();
    auto opened = router::open_listeners(config, *table, {workers, flags.replaces_another()});
    if (print_failures(unresolved, opened.failures)) {
        router::remove_paths(opened.paths);
        return 1;
    }
    auto logs = router::Logs::open(config, *table);
    if (!logs) return fail(logs.error().text);
    if (flags.quiet) log::silence_stderr();
    (void)std::signal(SIGPIPE, SIG_IGN);

    // No way back from here: the process becomes what it will be, then the threads start.
    if (const auto settled = settle_process(global, flags); !settled)
        return fail(settled.error().text);
    log::start_threads();
    const std::size_t listeners =
        opened.listeners.size() + opened.pages.size() + opened.stats_sockets.size();
    auto plane = relay::DataPlane::start({workers, std::move(opened.listeners)}, table);
    if (!plane) return fail(plane.error().text);
    router::Control control({config,
                             std::move(cluster),
                             std::move(names),
                             std::move(*plane),
                             std::move(*logs),
                             std::move(opened.pages),
                             std::move(opened.stats_sockets),
                             {PGSTEER_VERSION,
                              global.node.value_or(host_name()),
                              global.description.value_or(""),
                              Clock::now(),
                              workers,
                              listeners,
                              descriptors_in_force(),
                              &config,
                              {},
                              0,
                              false,
                              std::move(opened.counted)}});
    signal_replaced(flags);
    log::notice("pgsteer {} is ready: {} proxies, {} workers, maxconn {}", PGSTEER_VERSION,
                table->frontends.size(), workers, global.maxconn);
    const std::string manager = environment("NOTIFY_SOCKET").value_or("");
    notify_manager(manager, "READY=1");
    const int status = control.run();
    notify_manager(manager, "STOPPING=1");
    router::remove_paths(opened.paths);
    return status;
}

int refuse(std::string_view text) {
    complain("ALERT", text);
    return 1;
}

config::LoadOptions load_options(const Flags& flags) {
    return {flags.files, environment, flags.local_peer.empty() ? host_name() : flags.local_peer,
            flags.diagnosing};
}

// `-cc`, with HAProxy's exit statuses: true, false, not understood.
int evaluate(const std::string& condition) {
    const auto value = config::command_line_condition_holds(condition, environment);
    if (value) return *value ? 0 : 1;
    complain("ALERT", "config : Failed to evaluate condition: " + value.error().text);
    return 2;
}

}  // namespace

int run_router(const std::vector<std::string>& words) {
    const auto flags = router::parse_flags(words);
    if (!flags) return refuse(flags.error().text);
    if (flags->version || flags->help) {
        fmt::print("pgsteer version {}\n{}", PGSTEER_VERSION, flags->help ? usage : "");
        return 0;
    }
    if (flags->condition) return evaluate(*flags->condition);
    for (const std::string& flag : flags->without_effect)
        if (!flags->quiet) complain("WARNING", fmt::format("{} has no effect here", flag));
    if (!flags->folder.empty() && ::chdir(flags->folder.c_str()) != 0)
        return refuse(system_error("-C " + flags->folder).text);
    if (flags->files.empty()) return refuse("no configuration file: give one with -f");

    config::Loaded loaded = config::load(load_options(*flags));
    const bool json = flags->check_only && flags->json;
    if (!json) print_diagnostics(loaded.diagnostics, flags->quiet);
    if (flags->check_only) {
        if (!loaded.ok() && !json) refuse("config : Fatal errors found in configuration.");
        return report_files(loaded, json ? Form::json : flags->quiet ? Form::quiet : Form::text);
    }
    if (!loaded.ok()) return refuse("config : Fatal errors found in configuration.");
    return route(loaded.config, *flags);
}

}  // namespace pgsteer::cli
