#include "cli/agent.h"

#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
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

namespace pgsteer::cli {
namespace {

// Connections that the HTTP server takes at most, and what the process has open beside them.
constexpr std::size_t wanted_descriptors = 2048 + 64;

struct AgentFlags {
    DatabaseFlags database;
    std::vector<std::string> listen;
    std::string interval = "50ms";
    std::string data_directory;
    Identity identity;
    std::string pid_file;
    bool quiet = false;
};

void add_flags(CLI::App& app, AgentFlags& flags) {
    app.add_option("--listen", flags.listen,
                   "HOST:PORT to answer on, several allowed (default: 0.0.0.0:23267)");
    add_database_flags(app, flags.database);
    app.add_option("--interval", flags.interval, "time between two questions to PostgreSQL")
        ->capture_default_str();
    app.add_option("--pgdata", flags.data_directory,
                   "PostgreSQL's data directory, whose changes are noticed at once\n"
                   "(default: what PostgreSQL says, when its user may see it)");
    app.add_option("--user", flags.identity.user, "user to become once the ports are bound");
    app.add_option("--group", flags.identity.group, "group to become, likewise");
    app.add_option("-p,--pid-file", flags.pid_file, "file to write the process id to");
    app.add_flag("-q,--quiet", flags.quiet, "write warnings and errors only");
}

Result<probe::WatchOptions> watch_options(const AgentFlags& flags) {
    probe::WatchOptions options;
    const auto conninfo = checked_conninfo(flags.database);
    if (!conninfo) return conninfo.error();
    const auto interval = checked_time("--interval", flags.interval, milliseconds(5));
    if (!interval) return interval.error();
    const auto timeout = checked_time("--timeout", flags.database.timeout, milliseconds(10));
    if (!timeout) return timeout.error();
    options.conninfo = *conninfo;
    options.interval = *interval;
    options.timeout = *timeout;
    return options;
}

Result<std::vector<UniqueFd>> listen_everywhere(const AgentFlags& flags) {
    std::vector<UniqueFd> listeners;
    for (const std::string& text : flags.listen) {
        auto listener = agent::listen_on(text);
        if (!listener) return listener.error();
        log::notice("agent listens on {}", Address::local_of(listener->get()).text());
        listeners.push_back(std::move(*listener));
    }
    return listeners;
}

Result<void> serve(const AgentFlags& flags) {
    const auto watch = watch_options(flags);
    if (!watch) return watch.error();
    raise_descriptor_limit(wanted_descriptors);
    auto listeners = listen_everywhere(flags);
    if (!listeners) return listeners.error();
    if (!flags.pid_file.empty()) {
        const auto written = write_pid_file(flags.pid_file);
        if (!written) return written.error();
    }
    const auto became = become(flags.identity);
    if (!became) return became.error();

    boost::asio::io_context io(1);
    boost::asio::signal_set signals(io, SIGTERM, SIGINT);
    signals.async_wait([&io](const boost::system::error_code&, int) { io.stop(); });
    const agent::Agent agent(io.get_executor(), {*watch, flags.data_directory},
                             std::move(*listeners));
    const char* const manager = std::getenv("NOTIFY_SOCKET");
    notify_manager(manager != nullptr ? manager : "", "READY=1");
    io.run();
    notify_manager(manager != nullptr ? manager : "", "STOPPING=1");
    log::notice("agent ends");
    // After a change of user this may not be permitted; a stale file is what everybody expects
    // then.
    if (!flags.pid_file.empty()) ::unlink(flags.pid_file.c_str());
    return {};
}

}  // namespace

int run_agent(int argc, char** argv) {
    CLI::App app(
        "Answers over HTTP what the PostgreSQL server of this machine is: 200 primary,\n"
        "206 standby, 503 neither; JSON at /status.",
        "pgsteer agent");
    AgentFlags flags;
    add_flags(app, flags);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 1;
    }
    if (flags.listen.empty()) flags.listen = {"0.0.0.0:23267"};
    if (flags.quiet) log::set_stderr_level(log::Level::warning);
    std::signal(SIGPIPE, SIG_IGN);
    const auto served = serve(flags);
    if (served) return 0;
    log::alert("agent: {}", served.error().text);
    return 1;
}

}  // namespace pgsteer::cli
