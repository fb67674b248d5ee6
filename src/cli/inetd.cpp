#include "cli/inetd.h"

#include <syslog.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "agent/agent.h"
#include "base/log.h"
#include "base/privileges.h"
#include "base/service_manager.h"
#include "cli/database_flags.h"
#include "config/check_report.h"
#include "config/xinetd.h"
#include "inetd/server.h"

extern char** environ;

namespace pgsteer::cli {
namespace {

// Beside connections: listeners, logs, PostgreSQL's connection.
constexpr std::size_t spare_descriptors = 256;
// Each connection may take its socket and its child's pidfd.
constexpr std::size_t wanted_descriptors = 2 * 2048 + spare_descriptors;
// How long servers may take to end after SIGTERM, before ours does.
constexpr seconds farewell{2};

struct InetFlags {
    std::vector<std::string> files;
    std::string pid_file;
    std::size_t limit = 0;
    bool check = false;
    bool background = false;
    bool quiet = false;
    bool ignored = false;
};

// xinetd's own flags, which have one dash and long names.
std::vector<std::string> translated(int argc, char** argv) {
    std::vector<std::string> words;
    for (int i = argc - 1; i > 0; --i) {  // CLI11 wants them reversed
        std::string word = argv[i];
        for (const char* known : {"-pidfile", "-dontfork", "-stayalive", "-limit"})
            if (word == known) word = "-" + word;
        words.push_back(word);
    }
    return words;
}

void add_flags(CLI::App& app, InetFlags& flags) {
    app.add_option("-f,--file", flags.files,
                   "service file, or folder read as includedir does (default: /etc/xinetd.conf)");
    app.add_flag("-c,--check", flags.check, "check the files, say what is honoured, and exit");
    app.add_flag("-D,--daemon", flags.background, "go into the background");
    app.add_option("-p,--pidfile,--pid-file", flags.pid_file, "file to write the process id to");
    app.add_option("--limit", flags.limit, "servers that may run at one time (default: no limit)");
    app.add_flag("-q,--quiet", flags.quiet, "write warnings and errors only");
    app.add_flag("--dontfork,--stayalive", flags.ignored,
                 "as xinetd has them: what is done anyway");
}

void print(const std::vector<config::Diagnostic>& diagnostics) {
    for (const auto& diagnostic : diagnostics) {
        const std::string line = diagnostic.line();
        if (diagnostic.severity == config::Severity::alert)
            log::alert("{}", line);
        else if (diagnostic.severity == config::Severity::warning)
            log::warning("{}", line);
        else
            log::notice("{}", line);
    }
}

std::vector<std::string> own_environment() {
    std::vector<std::string> variables;
    for (char** variable = environ; *variable != nullptr; ++variable)
        variables.emplace_back(*variable);
    return variables;
}

Result<http::Answer> make_answer(const boost::asio::any_io_executor& executor,
                                 const config::InetService& service) {
    agent::AgentOptions options;
    DatabaseFlags flags;
    flags.conninfo = service.conninfo;
    const auto conninfo = checked_conninfo(flags);
    if (!conninfo)
        return Error{"service " + service.id + ": pgsteer_conninfo: " + conninfo.error().text};
    options.watch.conninfo = *conninfo;
    options.watch.interval = service.interval;
    const auto agent =
        std::make_shared<agent::Agent>(executor, std::move(options), std::vector<UniqueFd>());
    return http::Answer([agent, answer = agent->answerer()](const http::Request& request) {
        return answer(request);
    });
}

class Inetd {
  public:
    explicit Inetd(const InetFlags& flags)
        : flags_(flags),
          server_(io_.get_executor(), common()),
          signals_(io_, SIGTERM, SIGINT, SIGQUIT),
          watchdog_(io_),
          farewell_(io_) {
        signals_.add(SIGHUP);
        signals_.add(SIGUSR1);
        const char* socket = std::getenv("NOTIFY_SOCKET");
        manager_ = socket != nullptr ? socket : "";
    }

    Result<void> run(const config::InetConfig& config) {
        for (const std::string& failure : server_.apply(config, passed_listeners()))
            log::alert("{}", failure);
        if (server_.size() == 0) return Error{"no services"};
        log::notice("pgsteer inetd is ready: {} services, {} disabled", server_.size(),
                    config.off.size());
        notify_manager(manager_, "READY=1");
        next_signal();
        keep_alive();
        io_.run();
        log::notice("inetd ends");
        return {};
    }

  private:
    inetd::Common common() {
        inetd::Common common;
        common.most_processes = flags_.limit;
        common.environment = own_environment();
        common.make_answer = [executor = io_.get_executor()](const config::InetService& service) {
            return make_answer(executor, service);
        };
        return common;
    }

    void next_signal() {
        signals_.async_wait([this](const boost::system::error_code& error, int number) {
            if (error) return;
            if (number == SIGHUP)
                reload();
            else if (number == SIGUSR1)
                dump();
            else
                return end();
            next_signal();
        });
    }

    void reload() {
        // Type=notify-reload wants to know since when (sd_notify(3)); steady_clock is that clock.
        const auto since =
            std::chrono::duration_cast<microseconds>(Clock::now().time_since_epoch());
        notify_manager(manager_, fmt::format("RELOADING=1\nMONOTONIC_USEC={}", since.count()));
        const auto loaded = config::load_inet(flags_.files, config::system_names());
        print(loaded.diagnostics);
        if (loaded.config.services.empty()) {
            log::alert("the files hold no service that can run: everything stays as it was");
        } else {
            for (const std::string& failure : server_.apply(loaded.config, {}))
                log::alert("{}", failure);
            log::notice("files read again: {} services", server_.size());
        }
        notify_manager(manager_, "READY=1");
    }

    void dump() const {
        for (const std::string& line : server_.dump())
            log::notice("{}", line);
    }

    void keep_alive() {
        const milliseconds interval = watchdog_interval();
        if (interval <= milliseconds(0)) return;
        notify_manager(manager_, "WATCHDOG=1");
        watchdog_.expires_after(interval);
        watchdog_.async_wait([this](const boost::system::error_code& error) {
            if (!error) keep_alive();
        });
    }

    // Servers get SIGTERM, and a moment.
    void end() {
        notify_manager(manager_, "STOPPING=1");
        server_.stop();
        end_ = after(Clock::now(), farewell);
        wait_for_servers();
    }

    void wait_for_servers() {
        if (server_.processes() == 0 || Clock::now() >= end_) return io_.stop();
        farewell_.expires_after(milliseconds(20));
        farewell_.async_wait([this](const boost::system::error_code&) { wait_for_servers(); });
    }

    InetFlags flags_;
    boost::asio::io_context io_{1};
    inetd::Server server_;
    boost::asio::signal_set signals_;
    boost::asio::steady_timer watchdog_, farewell_;
    std::string manager_;
    TimePoint end_;
};

int check_files(const config::LoadedInet& loaded) {
    print(loaded.diagnostics);
    fmt::print("{}services: {} to run, {} disabled\n", config::check_report(loaded.uses),
               loaded.config.services.size(), loaded.config.off.size());
    return loaded.ok() ? 0 : 1;
}

Result<void> settle(const InetFlags& flags) {
    raise_descriptor_limit(wanted_descriptors);
    if (flags.background) {
        if (auto done = daemonise(); !done) return done;
        log::silence_stderr();
    }
    if (!flags.pid_file.empty()) return write_pid_file(flags.pid_file);
    return {};
}

}  // namespace

int run_inetd(int argc, char** argv) {
    CLI::App app("Runs xinetd's service files: a program for each connection, or an answer.",
                 "pgsteer inetd");
    InetFlags flags;
    add_flags(app, flags);
    try {
        app.parse(translated(argc, argv));
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 1;
    }
    if (flags.files.empty()) flags.files = {"/etc/xinetd.conf"};
    if (flags.quiet) log::set_stderr_level(log::Level::warning);
    const auto loaded = config::load_inet(flags.files, config::system_names());
    if (flags.check) return check_files(loaded);
    print(loaded.diagnostics);
    std::signal(SIGPIPE, SIG_IGN);
    ::openlog("pgsteer-inetd", LOG_PID, LOG_DAEMON);
    auto done = settle(flags);
    if (done) done = Inetd(flags).run(loaded.config);
    if (!flags.pid_file.empty()) ::unlink(flags.pid_file.c_str());
    if (done) return 0;
    log::alert("inetd: {}", done.error().text);
    return 1;
}

}  // namespace pgsteer::cli
