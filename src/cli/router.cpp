#include "cli/router.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <random>
#include <sstream>

#include "base/descriptors.h"
#include "base/log.h"
#include "base/machine_name.h"
#include "base/privileges.h"
#include "base/service_manager.h"
#include "base/units.h"
#include "cli/check_files.h"
#include "config/conditions.h"
#include "config/load.h"
#include "router/control.h"
#include "router/flags.h"
#include "router/handover.h"
#include "router/inherited.h"
#include "router/limits.h"
#include "router/listen.h"
#include "router/master.h"
#include "router/names.h"
#include "router/states.h"

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
    "  -x SOCKET  with -sf: their listening sockets, asked for at that stats socket\n"
    "  -v         version\n"
    "  -L NAME    value of HAPROXY_LOCALPEER; -dD lets '.diag' speak\n"
    "  -W, -Ws    a master process above the router; it reloads at SIGUSR2 (-Ws: tells systemd)\n"
    "  -S ADDRESS[,OPTION...]  with -W: where the master takes commands\n"
    "  -d         as haproxy has them, for unit files written for it\n";

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

config::LoadOptions load_options(const Flags& flags) {
    return {flags.files, environment, flags.local_peer.empty() ? machine_name() : flags.local_peer,
            flags.diagnosing};
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

// Background and pid file.
Result<void> be_daemon(const config::Global& global, const Flags& flags) {
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
    return {};
}

// The end of root: after this nothing privileged can be done. What belongs to the whole service is
// its master's.
Result<void> settle_process(const config::Global& global, const Flags& flags, bool has_master) {
    if (!has_master)
        if (auto done = be_daemon(global, flags); !done) return done;
    return become({global.user, global.group, global.root_folder});
}

// To the terminal, and to the log targets: of a daemon only those are left.
int fail(const std::string& text) {
    complain("ALERT", text);
    log::silence_stderr();
    log::alert("{}", text);
    return 1;
}

std::unique_ptr<health::Cluster> make_cluster(std::shared_ptr<const config::Config> config,
                                              std::size_t workers) {
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

// Those of the worker before, or of the process that -x names; HAProxy's unit files say /dev/null
// where there is none.
Result<std::vector<router::HeldSocket>> sockets_of_another(const Flags& flags) {
    const std::string inherited = environment(router::sockets_variable).value_or("");
    ::unsetenv(router::sockets_variable);
    if (flags.handing_over.empty() || flags.handing_over == "/dev/null")
        return router::unpack_sockets(inherited);
    return router::fetch_sockets(flags.handing_over);
}

int route(config::Config loaded, const Flags& flags, UniqueFd master) {
    const router::Source source{flags, load_options(flags)};
    const std::size_t workers = router::workers_of(loaded.global);
    if (const std::string complaint = router::fit(loaded, source, workers); !complaint.empty())
        complain("ALERT", complaint);
    const auto config = std::make_shared<const config::Config>(std::move(loaded));
    const auto& global = config->global;
    auto cluster = make_cluster(config, workers);
    const auto saved = router::read_states(*config);
    for (const std::string& wrong : saved.wrong)
        complain("NOTICE", wrong + "; its servers are judged anew");
    auto names = std::make_unique<router::Names>(*cluster, config);
    const auto unresolved =
        names->resolve_all(resolve_host, Clock::now(), router::last_addresses(saved, *cluster));
    router::restore_states(saved, *cluster, Clock::now());
    const auto table = cluster->table();
    router::ListenOptions listen{workers, flags.replaces_another()};
    if (auto held = sockets_of_another(flags))
        listen.held = std::move(*held);
    else
        return fail(held.error().text);
    auto opened = router::open_listeners(*config, *table, std::move(listen));
    if (print_failures(unresolved, opened.failures)) {
        router::remove_paths(opened.paths);
        return 1;
    }
    for (const auto& failure : router::settle_rights(opened))
        complain("WARNING", fmt::format("[{}] {}", failure.at.text(), failure.text));
    auto logs = router::Logs::open(*config, *table);
    if (!logs) return fail(logs.error().text);
    if (flags.quiet) log::silence_stderr();
    (void)std::signal(SIGPIPE, SIG_IGN);

    auto system_names = router::system_names_of(global, source);
    std::string manager = environment("NOTIFY_SOCKET").value_or("");
    if (global.root_folder) manager = held_manager(manager);

    // No way back from here: the process becomes what it will be, then the threads start.
    if (const auto settled = settle_process(global, flags, bool(master)); !settled)
        return fail(settled.error().text);
    log::start_threads();
    auto plane = relay::DataPlane::start({workers, std::move(opened.listeners)}, table);
    if (!plane) return fail(plane.error().text);
    admin::ProcessFacts facts;
    facts.version = PGSTEER_VERSION;
    facts.started = Clock::now();
    facts.workers = workers;
    facts.descriptors = descriptors_in_force();
    router::Control control(
        {source, config, std::move(cluster), std::move(names), std::move(*plane), std::move(*logs),
         std::move(opened), std::move(facts), manager, std::move(master), std::move(system_names)});
    signal_replaced(flags);
    log::notice("pgsteer {} is ready: {} proxies, {} workers, maxconn {}", PGSTEER_VERSION,
                table->frontends.size(), workers, global.maxconn);
    notify_manager(manager, "READY=1");
    const int status = control.run();
    notify_manager(manager, "STOPPING=1");
    return status;
}

// Of a worker; its own children are not to have it.
UniqueFd take_link(const std::string& number) {
    ::unsetenv(router::worker_variable);
    const auto descriptor = parse_integer(number, 0, INT32_MAX);
    if (!descriptor) return UniqueFd();
    close_on_exec(static_cast<int>(*descriptor));
    return UniqueFd(static_cast<int>(*descriptor));
}

// How the program was called.
struct RouterCall {
    std::string program;
    std::vector<std::string> words;
    std::string folder;
};

std::string working_folder() {
    std::array<char, 4096> path{};
    return ::getcwd(path.data(), path.size()) != nullptr ? path.data() : "/";
}

// Where this program is to be found again when another version has been put in its place.
std::string program_path(const std::string& name, const std::string& folder) {
    if (name.find('/') != std::string::npos)
        return name.front() == '/' ? name : folder + "/" + name;
    std::istringstream folders(environment("PATH").value_or(""));
    for (std::string each; std::getline(folders, each, ':');)
        if (const std::string path = each + "/" + name; ::access(path.c_str(), X_OK) == 0)
            return path;
    return "/proc/self/exe";
}

int rule(const config::Loaded& loaded, const Flags& flags, const RouterCall& call) {
    // A master that executed itself anew leaves the files to the worker that it starts: when they
    // are broken, the worker before goes on.
    const config::Global global = loaded.ok() ? loaded.config.global : config::Global();
    auto outlet = log::Outlet::open(global.logs);
    if (!outlet) return fail(outlet.error().text);
    log::set_outlet(std::move(*outlet));
    if (flags.quiet) log::silence_stderr();
    (void)std::signal(SIGPIPE, SIG_IGN);
    router::MasterParts parts;
    parts.inherited = environment(router::master_variable).value_or("");
    parts.inherited_sockets = environment(router::sockets_variable).value_or("");
    if (parts.inherited.empty())
        if (const auto done = be_daemon(global, flags); !done) return fail(done.error().text);
    parts.program = program_path(call.program, call.folder);
    parts.arguments = call.words;
    parts.folder = call.folder;
    parts.cli = flags.master_cli;
    if (loaded.ok())
        parts.rules = router::MasterRules{global.master_outlives_worker, global.most_reloads};
    parts.manager = environment("NOTIFY_SOCKET").value_or("");
    parts.version = PGSTEER_VERSION;
    return router::Master(std::move(parts)).run();
}

int refuse(std::string_view text) {
    complain("ALERT", text);
    return 1;
}

// `-cc`, with HAProxy's exit statuses: true, false, not understood.
int evaluate(const std::string& condition) {
    const auto value = config::command_line_condition_holds(condition, environment);
    if (value) return *value ? 0 : 1;
    complain("ALERT", "config : Failed to evaluate condition: " + value.error().text);
    return 2;
}

}  // namespace

int run_router(const std::string& program, const std::vector<std::string>& words) {
    const RouterCall call{program, words, working_folder()};
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

    const auto link = environment(router::worker_variable);
    const bool is_next_master = environment(router::master_variable).has_value();
    config::Loaded loaded = config::load(load_options(*flags));
    if (is_next_master) return rule(loaded, *flags, call);
    const bool rules =
        !link && !flags->check_only && (flags->master || loaded.config.global.master);
    const bool json = flags->check_only && flags->json;
    // A master's worker will tell what is not quite right.
    if (!json && (!rules || !loaded.ok())) print_diagnostics(loaded.diagnostics, flags->quiet);
    if (flags->check_only) {
        if (!loaded.ok() && !json) refuse("config : Fatal errors found in configuration.");
        return report_files(loaded, json ? Form::json : flags->quiet ? Form::quiet : Form::text);
    }
    if (!loaded.ok()) return refuse("config : Fatal errors found in configuration.");
    if (link) return route(std::move(loaded.config), *flags, take_link(*link));
    if (rules) return rule(loaded, *flags, call);
    return route(std::move(loaded.config), *flags, UniqueFd());
}

}  // namespace pgsteer::cli
