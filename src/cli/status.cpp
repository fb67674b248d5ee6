#include "cli/status.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "admin/cluster_view.h"
#include "base/log.h"
#include "cli/database_flags.h"
#include "cli/runtime_client.h"
#include "config/keywords.h"
#include "router/look.h"

namespace pgsteer::cli {
namespace {

constexpr Port agents_port{23267};
constexpr int not_whole = 1;
constexpr int nobody_asked = 2;

struct StatusFlags {
    std::vector<std::string> agents;
    std::string socket;
    std::string timeout = "2s";
    bool json = false;
};

int refuse(const std::string& text) {
    std::cerr << "pgsteer status: " << text << '\n';
    return nobody_asked;
}

Result<std::vector<config::Endpoint>> endpoints(const std::vector<std::string>& texts) {
    std::vector<config::Endpoint> found;
    for (const std::string& text : texts) {
        auto endpoint = config::parse_endpoint(text);
        if (!endpoint) return Error{fmt::format("--agent '{}': {}", text, endpoint.error().text)};
        if (endpoint->host.empty() && !endpoint->unix_socket)
            return Error{fmt::format("--agent '{}': write HOST or HOST:PORT", text)};
        if (number(endpoint->port) == 0) endpoint->port = agents_port;
        found.push_back(std::move(*endpoint));
    }
    return found;
}

// What a running router has found out.
int show_router(const StatusFlags& flags, milliseconds timeout) {
    const std::string socket = flags.socket.empty() ? usual_socket : flags.socket;
    const auto json = ask_router(socket, "show cluster json", timeout);
    if (!json)
        return refuse(json.error().text + (flags.socket.empty()
                                               ? " Write --socket PATH of another socket, or "
                                                 "--agent HOST for each node"
                                               : ""));
    const auto view = nlohmann::json::parse(*json, nullptr, false);
    if (!view.is_object() || !view.contains("whole"))
        return refuse(fmt::format("{} is not a pgsteer router's: it answers '{}'", socket,
                                  json->substr(0, json->find('\n'))));
    std::string text = *json;
    if (!flags.json) {
        const auto table = ask_router(socket, "show cluster", timeout);
        if (!table) return refuse(table.error().text);
        text = *table;
    }
    std::cout << text;
    return view["whole"] == true ? 0 : not_whole;
}

int show(const StatusFlags& flags) {
    const auto timeout = checked_time("--timeout", flags.timeout, milliseconds(10));
    if (!timeout) return refuse(timeout.error().text);
    if (!flags.agents.empty() && !flags.socket.empty())
        return refuse("write --socket PATH of a running router, or --agent HOST for each node");
    if (flags.agents.empty()) return show_router(flags, *timeout);
    const auto agents = endpoints(flags.agents);
    if (!agents) return refuse(agents.error().text);
    const auto snapshot = router::look(*agents, *timeout);
    if (!snapshot) return refuse(snapshot.error().text);
    const admin::ClusterView view = admin::cluster_view(*snapshot);
    if (flags.json)
        std::cout << admin::as_json(view).dump(2) << '\n';
    else
        std::cout << admin::as_table(view);
    return admin::whole(view) ? 0 : not_whole;
}

}  // namespace

int run_status(int argc, char** argv) {
    CLI::App app(
        "Shows the nodes of a cluster: as a running router sees them (--socket), or, asked once of "
        "their\n"
        "status answerers (pgsteer agent, Patroni), as a router would (--agent). Ends with 0 when "
        "there is one primary, no node is fenced and every "
        "role\n"
        "is known, else with 1; with 2 when nobody could be asked.",
        "pgsteer status");
    StatusFlags flags;
    app.add_option("--agent", flags.agents,
                   "HOST[:PORT] of a node's status answerer, several allowed (port: 23267)");
    app.add_option("--socket", flags.socket,
                   "PATH or HOST:PORT of a router's stats socket\n"
                   "(default, without --agent: /run/pgsteer/admin.sock)");
    app.add_option("--timeout", flags.timeout, "for each connect and each answer")
        ->capture_default_str();
    app.add_flag("--json", flags.json, "JSON instead of a table");
    std::signal(SIGPIPE, SIG_IGN);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return error.get_exit_code() == 0 ? app.exit(error) : refuse(error.what());
    }
    log::silence_stderr();
    return show(flags);
}

}  // namespace pgsteer::cli
