#include "cli/demo_cluster.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <utility>

#include "cli/demo_sql.h"

namespace pgsteer::cli {
namespace {

namespace fs = std::filesystem;

// Durability is off: the data lives as long as the demo, and no process that we kill takes the
// kernel's cache with it. The last setting of a name in the file wins, so a standby's copy of the
// primary's file needs only its own lines added.
constexpr const char* settings = R"(
listen_addresses = '127.0.0.1'
port = {}
cluster_name = '{}'
unix_socket_directories = ''
fsync = off
shared_buffers = 32MB
max_connections = 100
max_wal_senders = 10
wal_keep_size = 64MB
wal_retrieve_retry_interval = 200ms
logging_collector = off
)";

bool has_server_programs(const fs::path& folder) {
    return ::access((folder / "initdb").c_str(), X_OK) == 0 &&
           ::access((folder / "postgres").c_str(), X_OK) == 0;
}

std::optional<fs::path> folder_of_pg_config() {
    // A constant command, looked up in PATH as the user would.
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(
        ::popen("pg_config --bindir 2>/dev/null", "re"), &::pclose);  // NOLINT(cert-env33-c)
    char line[4096];
    if (!pipe || !std::fgets(line, sizeof line, pipe.get())) return std::nullopt;
    std::string text(line);
    while (!text.empty() && text.back() == '\n')
        text.pop_back();
    return text;
}

std::optional<fs::path> newest_debian_folder() {
    std::optional<fs::path> found;
    long newest = 0;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", ignored)) {
        const long version = std::strtol(entry.path().filename().c_str(), nullptr, 10);
        if (version > newest && has_server_programs(entry.path() / "bin")) {
            newest = version;
            found = entry.path() / "bin";
        }
    }
    return found;
}

// By name: a path also converts to the text of an Error.
Result<fs::path> found(const fs::path& folder) {
    return {boost::system::in_place_value, folder};
}

bool answers(Port port, const std::string& question, const std::string& wanted,
             const Patience& patience) {
    const auto answer = ask_once(port, question, patience);
    return answer && *answer == wanted;
}

}  // namespace

Result<fs::path> find_postgres_programs(const std::optional<std::string>& wanted) {
    if (wanted) {
        if (has_server_programs(*wanted)) return found(*wanted);
        return Error{*wanted +
                     " has no initdb and postgres; --pg-bin names PostgreSQL's bin folder"};
    }
    if (auto folder = folder_of_pg_config(); folder && has_server_programs(*folder))
        return found(*folder);
    if (auto folder = newest_debian_folder()) return found(*folder);
    return Error{
        "PostgreSQL's server programs were not found; install them (Debian: apt-get "
        "install postgresql) or name their folder with --pg-bin"};
}

Result<std::vector<Port>> free_ports(std::size_t count) {
    std::vector<UniqueFd> held;  // all at once, so that no port is given twice
    std::vector<Port> ports;
    for (std::size_t i = 0; i < count; ++i) {
        held.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const Address any = Address::ipv4(INADDR_LOOPBACK, Port{0});
        if (::bind(held.back().get(), any.get(), any.length()) != 0)
            return system_error("no free port on 127.0.0.1");
        ports.push_back(Address::local_of(held.back().get()).port());
    }
    return ports;
}

Result<DemoCluster> DemoCluster::make(ClusterOptions options) {
    auto ports = free_ports(2 * size);
    if (!ports) return ports.error();
    DemoCluster cluster;
    cluster.options_ = std::move(options);
    for (std::size_t i = 0; i < size; ++i) {
        Node& node = cluster.nodes_[i];
        node.name = "pg" + std::to_string(i);
        node.port = (*ports)[2 * i];
        node.check_port = (*ports)[2 * i + 1];
        const fs::path home = cluster.options_.folder / node.name;
        node.data = home / "data";
        std::error_code failed;
        fs::create_directory(home, failed);
        if (failed) return Error{home.string() + ": " + failed.message()};
        const auto& who = cluster.options_.run_as;
        if (who && ::chown(home.c_str(), who->user, who->group) != 0)
            return system_error(home.string());
    }
    return cluster;
}

DemoCluster::~DemoCluster() {
    for (Node& node : nodes_)
        node.agent.stop(seconds(5));
    for (Node& node : nodes_) {
        if (&node != &primary()) node.postgres.stop(seconds(10));
    }
    primary().postgres.stop(seconds(10));
}

Result<void> DemoCluster::run(const std::string& program, std::vector<std::string> arguments,
                              const Patience& patience) {
    arguments.insert(arguments.begin(), options_.programs / program);
    return run_to_end({.command = std::move(arguments),
                       .output = options_.folder / (program + ".log"),
                       .folder = options_.folder,
                       .run_as = options_.run_as,
                       .stop_signal = SIGTERM},
                      patience);
}

Result<void> DemoCluster::configure(const Node& node) {
    std::ofstream file(node.data / "postgresql.conf", std::ios::app);
    file << fmt::format(settings, number(node.port), node.name);
    file.close();
    if (!file) return Error{"cannot write " + (node.data / "postgresql.conf").string()};
    return {};
}

Result<void> DemoCluster::start(Node& node, const Patience& patience) {
    if (auto written = configure(node); !written) return written;
    auto child = Child::start({.command = {options_.programs / "postgres", "-D", node.data},
                               .output = options_.folder / (node.name + ".log"),
                               .folder = options_.folder,
                               .run_as = options_.run_as,
                               .stop_signal = SIGINT});  // fast shutdown
    if (!child) return child.error();
    node.postgres = std::move(*child);
    auto ready = wait_until(
        node.name + " answers queries",
        [&] { return !node.postgres.running() || answers(node.port, "SELECT 1", "1", patience); },
        patience);
    if (!node.postgres.running())
        return Error{node.name + " ended at start: " + node.postgres.last_words()};
    return ready;
}

Result<void> DemoCluster::start_primary(const Patience& patience) {
    Node& node = primary();
    auto made = run("initdb",
                    {"-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-locale", "--no-sync",
                     "--no-instructions", "-D", node.data},
                    patience);
    if (!made) return made;
    return start(node, patience);
}

Result<void> DemoCluster::start_standby(Node& node, const Patience& patience) {
    const std::string from = conninfo(primary().port) + " application_name=" + node.name;
    auto copied = run(
        "pg_basebackup",
        {"-R", "-X", "stream", "-c", "fast", "--no-sync", "-d", from, "-D", node.data}, patience);
    if (!copied) return copied;
    if (auto started = start(node, patience); !started) return started;
    return wait_until(
        node.name + " streams from " + primary().name,
        [&] {
            return answers(node.port, "SELECT status FROM pg_stat_wal_receiver", "streaming",
                           patience);
        },
        patience);
}

Result<void> DemoCluster::start_agents() {
    for (Node& node : nodes_) {
        auto child =
            Child::start({.command = {options_.self, "agent", "--listen",
                                      "127.0.0.1:" + std::to_string(number(node.check_port)),
                                      "--conninfo", conninfo(node.port)},
                          .output = options_.folder / (node.name + "-agent.log"),
                          .folder = options_.folder,
                          .run_as = std::nullopt,
                          .stop_signal = SIGTERM});
        if (!child) return child.error();
        node.agent = std::move(*child);
    }
    return {};
}

void DemoCluster::kill_primary() {
    Node& node = primary();
    node.killed = true;
    node.postgres.kill_with_children();
    node.agent.kill_with_children();
}

Result<Node*> DemoCluster::promote_best_standby(const Patience& patience) {
    Node* best = nullptr;
    std::string most;
    for (Node& node : nodes_) {
        if (node.killed) continue;
        // Bytes since the start of the log, padded so that text compares as numbers do.
        auto received = ask_once(
            node.port, "SELECT lpad((pg_last_wal_receive_lsn() - '0/0'::pg_lsn)::text, 20, '0')",
            patience);
        if (!received) return Error{node.name + ": " + received.error().text};
        if (!best || *received > most) {
            best = &node;
            most = *received;
        }
    }
    if (!best) return Error{"no standby is left to promote"};
    auto done = ask_once(best->port, "SELECT pg_promote(true, 30)", patience);
    if (!done) return Error{best->name + ": " + done.error().text};
    if (*done != "t") return Error{best->name + " was not promoted within 30 s"};
    primary_ = static_cast<std::size_t>(best - nodes_.data());
    return best;
}

Result<void> DemoCluster::follow_primary(Node& standby, const Patience& patience) {
    auto sql = Sql::connect(standby.port, patience);
    if (!sql) return Error{standby.name + ": " + sql.error().text};
    const std::string source = conninfo(primary().port) + " application_name=" + standby.name;
    // recovery_target_timeline is 'latest' since PostgreSQL 12: it follows to the new timeline.
    for (const std::string& statement : {"ALTER SYSTEM SET primary_conninfo = '" + source + "'",
                                         std::string("SELECT pg_reload_conf()")}) {
        if (auto done = sql->value(statement, patience); !done)
            return Error{standby.name + ": " + done.error().text};
    }
    return {};
}

Node& DemoCluster::remaining_standby() {
    for (Node& node : nodes_) {
        if (!node.killed && &node != &primary()) return node;
    }
    return primary();
}

}  // namespace pgsteer::cli
