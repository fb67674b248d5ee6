#include "cli/router.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <random>

#include "base/log.h"
#include "base/privileges.h"
#include "cli/router_flags.h"
#include "config/load.h"
#include "router/control.h"
#include "router/listen.h"
#include "router/names.h"

namespace pgsteer::cli {
namespace {

constexpr std::uint32_t default_maxconn = 4096;
constexpr std::size_t descriptors_beside_sessions = 256;

void complain(std::string_view level, std::string_view text) {
    fmt::print(stderr, "[{}] ({}) : {}\n", level, ::getpid(), text);
}

config::Loaded load_files(const RouterFlags& flags) {
    config::LoadOptions options;
    options.paths = flags.files;
    options.environment = [](const std::string& name) -> std::optional<std::string> {
        const char* value = std::getenv(name.c_str());
        return value ? std::optional<std::string>(value) : std::nullopt;
    };
    return config::load(options);
}

void print_diagnostics(const config::Loaded& loaded) {
    for (const config::Diagnostic& diagnostic : loaded.diagnostics) {
        const char* level = diagnostic.severity == config::Severity::alert     ? "ALERT"
                            : diagnostic.severity == config::Severity::warning ? "WARNING"
                                                                               : "NOTICE";
        complain(level, "config : " + diagnostic.line());
    }
}

void print_report(const config::Loaded& loaded) {
    std::size_t honoured = 0;
    std::vector<std::string> inert;
    std::vector<std::string> refused;
    for (const config::KeywordUse& use : loaded.uses) {
        if (use.kind == config::KeywordClass::honoured) ++honoured;
        if (use.kind == config::KeywordClass::inert)
            inert.push_back(fmt::format("  [{}] {}: {}", use.at.text(), use.keyword, use.why));
        if (use.kind == config::KeywordClass::refused)
            refused.push_back(fmt::format("  [{}] {}: {}{}", use.at.text(), use.keyword, use.why,
                                          use.instead.empty() ? "" : "; instead: " + use.instead));
    }
    fmt::print("honoured: {}\naccepted without effect: {}\n", honoured, inert.size());
    for (const std::string& line : inert)
        fmt::print("{}\n", line);
    fmt::print("refused: {}\n", refused.size());
    for (const std::string& line : refused)
        fmt::print("{}\n", line);
    if (loaded.ok()) fmt::print("Configuration file is valid\n");
}

std::size_t count_servers(const config::Config& config) {
    std::size_t count = 0;
    for (const config::Backend& backend : config.backends)
        count += backend.servers.size();
    return count;
}

struct OpenedAll {
    std::vector<relay::Listener> listeners;
    std::vector<router::Page> pages;
    bool ok = true;
};

OpenedAll open_all(const config::Config& config, const routing::RoutingTable& table,
                   std::size_t workers) {
    OpenedAll all;
    const auto failed = [&all](const config::Location& at, const std::string& text) {
        complain("ALERT", fmt::format("[{}] {}", at.text(), text));
        all.ok = false;
    };
    for (const config::Frontend& frontend : config.frontends) {
        if (frontend.disabled) continue;
        if (frontend.mode == config::Frontend::Mode::http) {
            for (const config::Bind& bind : frontend.binds) {
                auto fd = router::open_page(bind);
                if (fd)
                    all.pages.push_back({std::move(*fd), *frontend.stats});
                else
                    failed(bind.at, fd.error().text);
            }
            continue;
        }
        const auto row = std::find_if(table.frontends.begin(), table.frontends.end(),
                                      [&](const auto& r) { return r.name == frontend.name; });
        if (row == table.frontends.end()) continue;
        auto opened = router::open_frontend(
            frontend, static_cast<routing::FrontendId>(row - table.frontends.begin()), workers);
        for (const auto& failure : opened.failures)
            failed(failure.at, failure.text);
        std::move(opened.listeners.begin(), opened.listeners.end(),
                  std::back_inserter(all.listeners));
    }
    return all;
}

bool set_up_logs(const config::Config& config) {
    std::vector<log::Target> targets = config.global.logs;
    for (const config::Frontend& frontend : config.frontends)
        for (const log::Target& target : frontend.logs) {
            const bool known = std::any_of(targets.begin(), targets.end(), [&](const auto& other) {
                return other.kind == target.kind && other.address == target.address &&
                       other.facility == target.facility;
            });
            if (!known) targets.push_back(target);
        }
    log::traffic_to_stderr(true);
    if (const auto set = log::set_targets(targets); !set) {
        complain("ALERT", set.error().text);
        return false;
    }
    return true;
}

// The process's maxconn: -n, the file, or what the descriptors allow (two a session).
std::uint32_t settle_maxconn(config::Config& config, const RouterFlags& flags) {
    std::uint32_t wanted = flags.maxconn > 0 ? flags.maxconn : config.global.maxconn;
    const bool chosen = wanted > 0;
    if (!chosen) wanted = default_maxconn;
    const std::size_t needed = std::size_t{wanted} * 2 + descriptors_beside_sessions;
    const std::size_t have = raise_descriptor_limit(needed);
    if (have >= needed) return wanted;
    const std::size_t room =
        have > descriptors_beside_sessions ? have - descriptors_beside_sessions : 2;
    const auto possible = static_cast<std::uint32_t>(std::max<std::size_t>(room / 2, 1));
    if (chosen)
        complain("WARNING",
                 fmt::format("maxconn {} needs {} open files, the limit is {}: using maxconn {}; "
                             "raise LimitNOFILE (systemd) or ulimit -n",
                             wanted, needed, have, possible));
    return possible;
}

void signal_old(const RouterFlags& flags) {
    for (const int pid : flags.finish)
        if (::kill(pid, SIGUSR1) != 0)
            complain("WARNING", system_error(fmt::format("-sf {}", pid)).text);
    for (const int pid : flags.end)
        if (::kill(pid, SIGTERM) != 0)
            complain("WARNING", system_error(fmt::format("-st {}", pid)).text);
}

// Background, pid file, and the end of root: after this nothing privileged can be done.
Result<void> settle_process(const config::Global& global, const RouterFlags& flags) {
    const bool daemon = (global.daemon || flags.daemon) && !flags.foreground;
    if (daemon) {
        if (auto done = daemonise(); !done) return done;
        log::silence_stderr();
    }
    const std::string pid_file =
        flags.pid_file.empty() ? global.pid_file.value_or("") : flags.pid_file;
    if (!pid_file.empty())
        if (auto written = write_pid_file(pid_file); !written) return written;
    return become({global.user, global.group});
}

int route(config::Config& config, const RouterFlags& flags) {
    config.global.maxconn = settle_maxconn(config, flags);
    const std::size_t workers = std::min<std::size_t>(
        config.global.threads.value_or(usable_cores()), routing::most_workers);
    std::mt19937 random{std::random_device{}()};
    auto cluster = std::make_unique<health::Cluster>(
        config, health::ClusterOptions{workers, Clock::now(), [&random] {
                                           return std::uniform_real_distribution<double>(
                                               0.0, 1.0)(random);
                                       }});
    const auto failures = router::resolve_servers(*cluster, count_servers(config));
    for (const auto& failure : failures)
        complain("ALERT", fmt::format("[{}] {}", failure.at.text(), failure.text));
    auto table = cluster->table();
    auto opened = open_all(config, *table, workers);
    if (!failures.empty() || !opened.ok || !set_up_logs(config)) return 1;
    if (flags.quiet || config.global.quiet) log::silence_stderr();

    // No way back from here: the process becomes what it will be, then the threads start.
    if (auto settled = settle_process(config.global, flags); !settled) {
        complain("ALERT", settled.error().text);
        return 1;
    }
    std::signal(SIGPIPE, SIG_IGN);
    auto plane = relay::DataPlane::start({workers, std::move(opened.listeners)}, table);
    if (!plane) {
        complain("ALERT", plane.error().text);
        return 1;
    }
    signal_old(flags);
    admin::ProcessFacts facts{PGSTEER_VERSION, config.global.node.value_or(""),
                              config.global.description.value_or(""), Clock::now(), workers};
    router::Control control(
        {config, std::move(cluster), std::move(*plane), std::move(opened.pages), std::move(facts)});
    log::notice("pgsteer {} is ready: {} proxies, {} workers", PGSTEER_VERSION,
                table->frontends.size(), workers);
    control.run();
    return 0;
}

}  // namespace

int run_router(const std::vector<std::string>& words) {
    const auto flags = parse_router_flags(words);
    if (!flags) {
        complain("ALERT", flags.error().text);
        return 1;
    }
    if (flags->version || flags->help) {
        fmt::print("pgsteer version {}\n", PGSTEER_VERSION);
        if (flags->help)
            fmt::print(
                "usage: pgsteer -f FILE|FOLDER [-f ...] [-c] [-D|-db] [-p PIDFILE] [-q] "
                "[-n MAXCONN] [-C FOLDER] [-sf|-st PID...]\n");
        return 0;
    }
    if (!flags->folder.empty() && ::chdir(flags->folder.c_str()) != 0) {
        complain("ALERT", system_error("-C " + flags->folder).text);
        return 1;
    }
    if (flags->files.empty()) {
        complain("ALERT", "no configuration file: give one with -f");
        return 1;
    }
    config::Loaded loaded = load_files(*flags);
    if (!flags->quiet || !loaded.ok()) print_diagnostics(loaded);
    if (flags->check_only && !flags->quiet) print_report(loaded);
    if (!loaded.ok()) {
        complain("ALERT", "config : Fatal errors found in configuration.");
        return 1;
    }
    return flags->check_only ? 0 : route(loaded.config, *flags);
}

}  // namespace pgsteer::cli
