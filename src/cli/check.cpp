#include "cli/check.h"

#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <csignal>
#include <iostream>
#include <string>

#include "agent/answers.h"
#include "agent/one_shot.h"
#include "base/log.h"
#include "cli/database_flags.h"
#include "http/parser.h"

namespace pgsteer::cli {
namespace {

using health::Role;

int exit_status(Role role) {
    return role == Role::primary ? 0 : role == Role::standby ? 1 : 2;
}

bool is_socket(int fd) {
    struct stat status {};
    return ::fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode);
}

Result<probe::WatchOptions> watch_options(const DatabaseFlags& flags) {
    const auto conninfo = checked_conninfo(flags);
    if (!conninfo) return conninfo.error();
    const auto timeout = checked_time("--timeout", flags.timeout, milliseconds(10));
    if (!timeout) return timeout.error();
    probe::WatchOptions options;
    options.conninfo = *conninfo;
    options.application_name = "pgsteer-check";
    options.timeout = *timeout;
    return options;
}

void deliver(const probe::RoleState& state, const http::Request& request) {
    const http::Response response = agent::answer(state, {milliseconds(0), Clock::now()}, request);
    agent::write_all(STDOUT_FILENO, http::format_response(response, request.method != "HEAD"));
    agent::close_cleanly(STDOUT_FILENO);
}

// As a server on a socket nothing but an HTTP answer may be written, even about wrong flags: those
// go to syslog, and whoever asks learns that this node cannot be used.
int refuse(const std::string& text) {
    if (!is_socket(STDIN_FILENO)) {
        std::cerr << "pgsteer check: " << text << '\n';
        return exit_status(Role::unknown);
    }
    ::openlog("pgsteer-check", LOG_PID, LOG_DAEMON);
    ::syslog(LOG_ERR, "%s", text.c_str());
    probe::RoleState unknown;
    unknown.node.reason = text;
    const http::Request request = agent::read_request(STDIN_FILENO);
    deliver(unknown, request);
    return exit_status(Role::unknown);
}

int check_once(const probe::WatchOptions& options) {
    // The request first: closing a socket with unread bytes resets it, and the answer may be lost.
    http::Request request;
    request.method = "GET";
    request.path = "/";
    if (::isatty(STDIN_FILENO) == 0) request = agent::read_request(STDIN_FILENO);
    boost::asio::io_context io(1);
    const probe::RoleState state = agent::ask_once(io, options);
    deliver(state, request);
    return exit_status(state.node.role);
}

}  // namespace

int run_check(int argc, char** argv) {
    CLI::App app(
        "Asks the PostgreSQL server of this machine once and writes an HTTP answer:\n"
        "200 primary, 206 standby, 503 neither. For `server =` of an xinetd service.",
        "pgsteer check");
    DatabaseFlags flags;
    add_database_flags(app, flags);
    std::signal(SIGPIPE, SIG_IGN);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) return app.exit(error);  // --help
        return refuse(error.what());
    }
    const auto options = watch_options(flags);
    if (!options) return refuse(options.error().text);
    log::silence_stderr();
    return check_once(*options);
}

}  // namespace pgsteer::cli
