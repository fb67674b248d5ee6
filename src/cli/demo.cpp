#include "cli/demo.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <memory>
#include <set>
#include <tuple>

#include "cli/demo_cluster.h"
#include "cli/demo_folder.h"
#include "cli/demo_process.h"
#include "cli/demo_sql.h"
#include "cli/demo_writer.h"

namespace pgsteer::cli {
namespace {

constexpr milliseconds for_a_node{120'000};    // initdb or a base backup, on a slow disk
constexpr milliseconds for_a_step{60'000};     // first verdicts, failover, roles settled
constexpr milliseconds writing_before{1'000};  // how long the writer runs before the failure
constexpr int settled_connections = 10;        // in a row that must reach the right node

// The classic file (examples/haproxy.cfg) with this cluster's addresses. It listens on loopback
// only: the demo's PostgreSQL asks for no password.
constexpr const char* classic_head = R"(global
    maxconn 100

defaults
    log global
    mode tcp
    retries 2
    timeout client 30m
    timeout connect 4s
    timeout server 30m
    timeout check 5s

listen stats
    mode http
    bind 127.0.0.1:{}
    stats enable
    stats uri /
)";
constexpr const char* classic_listen = R"(
listen {}
    bind 127.0.0.1:{}
    option httpchk
    http-check expect status {}
    default-server inter 3s fall 3 rise 2 on-marked-down shutdown-sessions
)";
constexpr const char* classic_server = "    server {} 127.0.0.1:{} maxconn 100 check port {}\n";

struct Options {
    bool tour = false;
    std::optional<std::string> postgres_programs;
};

struct RouterPorts {
    Port read_write{5000}, read_only{5001}, stats{7000};
};

template <class... Args>
void say(fmt::format_string<Args...> format, Args&&... args) {
    fmt::print(format, std::forward<Args>(args)...);
    (void)std::fputc('\n', stdout);
    (void)std::fflush(stdout);
}

std::string in_seconds(Duration span) {
    return fmt::format("{:.2f} s", std::chrono::duration<double>(span).count());
}

std::string as_text(Port port) {
    return std::to_string(number(port));
}

// PGPORT, PGOPTIONS, PGSERVICE ... would change what our connections and programs do.
void forget_postgres_environment() {
    std::vector<std::string> names;
    for (char** entry = ::environ; *entry; ++entry) {
        const std::string_view text(*entry);
        if (text.substr(0, 2) == "PG") names.emplace_back(text.substr(0, text.find('=')));
    }
    for (const std::string& name : names)
        ::unsetenv(name.c_str());
}

// `wanted` unless somebody has it.
Result<Port> wanted_or_free(Port wanted) {
    const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int on = 1;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const Address address = Address::ipv4(INADDR_LOOPBACK, wanted);
    if (::bind(fd.get(), address.get(), address.length()) == 0 && ::listen(fd.get(), 1) == 0)
        return wanted;
    auto ports = free_ports(1);
    if (!ports) return ports.error();
    return ports->front();
}

// The story, one step after the other; each says what it did. Members end in the reverse of their
// order here: the writer, the router, the cluster, the folder.
class Demo {
  public:
    Demo(Options options, const StopSignal& stop) : options_(std::move(options)), stop_(stop) {}

    Result<void> run() {
        using Step = Result<void> (Demo::*)();
        for (const Step step : {&Demo::make_cluster, &Demo::start_router, &Demo::wait_for_routing,
                                &Demo::show_addresses, &Demo::start_writing, &Demo::fail_over,
                                &Demo::check_rows, &Demo::check_routing}) {
            if (auto done = (this->*step)(); !done) return done;
        }
        return options_.tour ? Result<void>{} : stay_up();
    }

    std::string router_log() const { return router_.last_words(); }

  private:
    Result<void> make_cluster();
    Result<void> start_router();
    Result<void> wait_for_routing();
    Result<void> show_addresses();
    Result<void> start_writing();
    Result<void> fail_over();
    Result<void> check_rows();
    Result<void> check_routing();
    Result<void> stay_up();

    Result<void> choose_ports();
    Result<std::string> write_router_file();
    Result<std::set<Port>> nodes_reached(Port through);
    Result<void> wait_for_row(Node& node, long id, const Patience& patience);

    Options options_;
    const StopSignal& stop_;
    std::filesystem::path self_;
    std::unique_ptr<DemoFolder> folder_;
    std::unique_ptr<DemoCluster> cluster_;
    RouterPorts ports_;
    Child router_;
    std::unique_ptr<Writer> writer_;
    TimePoint killed_at_, promoted_at_;
    Write before_, after_;  // a row that both standbys had before the failure; the first one after
};

Result<void> Demo::make_cluster() {
    std::error_code failed;
    self_ = std::filesystem::read_symlink("/proc/self/exe", failed);
    if (failed) return Error{"cannot find my own program: " + failed.message()};
    auto programs = find_postgres_programs(options_.postgres_programs);
    if (!programs) return programs.error();
    auto run_as = postgres_identity();
    if (!run_as) return run_as.error();
    auto folder = DemoFolder::make();
    if (!folder) return folder.error();
    folder_ = std::make_unique<DemoFolder>(std::move(*folder));
    say("A PostgreSQL cluster in {} (removed at the end), with {}:", folder_->path().string(),
        programs->string());

    auto cluster = DemoCluster::make({folder_->path(), *programs, self_, *run_as});
    if (!cluster) return cluster.error();
    cluster_ = std::make_unique<DemoCluster>(std::move(*cluster));
    if (auto up = cluster_->start_primary(stop_.patience(for_a_node)); !up) return up;
    say("  {}  primary  127.0.0.1:{}", cluster_->primary().name, as_text(cluster_->primary().port));
    for (Node& node : cluster_->nodes()) {
        if (&node == &cluster_->primary()) continue;
        if (auto up = cluster_->start_standby(node, stop_.patience(for_a_node)); !up) return up;
        say("  {}  standby  127.0.0.1:{}", node.name, as_text(node.port));
    }
    return cluster_->start_agents();
}

Result<void> Demo::choose_ports() {
    for (Port* port : {&ports_.read_write, &ports_.read_only, &ports_.stats}) {
        auto chosen = wanted_or_free(*port);
        if (!chosen) return chosen.error();
        if (*chosen != *port) say("  port {} is taken: using {}", as_text(*port), as_text(*chosen));
        *port = *chosen;
    }
    return {};
}

Result<std::string> Demo::write_router_file() {
    std::string text = fmt::format(classic_head, number(ports_.stats));
    for (const auto& [name, port, status] : {std::tuple{"ReadWrite", ports_.read_write, 200},
                                             std::tuple{"ReadOnly", ports_.read_only, 206}}) {
        text += fmt::format(classic_listen, name, number(port), status);
        for (const Node& node : cluster_->nodes()) {
            text +=
                fmt::format(classic_server, node.name, number(node.port), number(node.check_port));
        }
    }
    const std::string path = folder_->path() / "haproxy.cfg";
    std::ofstream file(path);
    file << text;
    file.close();
    if (!file) return Error{"cannot write " + path};
    return Result<std::string>(boost::system::in_place_value, path);
}

Result<void> Demo::start_router() {
    if (auto chosen = choose_ports(); !chosen) return chosen;
    auto path = write_router_file();
    if (!path) return path.error();
    auto child = Child::start({.command = {self_, "-f", *path, "-db"},
                               .output = folder_->path() / "router.log",
                               .folder = folder_->path(),
                               .run_as = std::nullopt,
                               .stop_signal = SIGTERM});
    if (!child) return child.error();
    router_ = std::move(*child);
    return {};
}

// Which nodes answer when connecting several times.
Result<std::set<Port>> Demo::nodes_reached(Port through) {
    std::set<Port> reached;
    for (int i = 0; i < settled_connections; ++i) {
        auto node = ask_once(through, "SELECT inet_server_port()", stop_.patience(seconds(10)));
        if (!node) return node.error();
        reached.insert(static_cast<Port>(std::strtoul(node->c_str(), nullptr, 10)));
    }
    return reached;
}

Result<void> Demo::wait_for_routing() {
    auto settled = wait_until(
        "the router sends 5000 to the primary and 5001 to both standbys",
        [&] {
            if (!router_.running()) return true;
            const auto write = nodes_reached(ports_.read_write);
            const auto read = nodes_reached(ports_.read_only);
            const Port primary = cluster_->primary().port;
            return write && *write == std::set{primary} && read &&
                   read->size() == DemoCluster::size - 1 && !read->contains(primary);
        },
        stop_.patience(for_a_step));
    if (!router_.running()) return Error{"the router ended: " + router_.ending()};
    return settled;
}

Result<void> Demo::show_addresses() {
    say("\nThe router, on the classic haproxy.cfg:");
    say("  read-write  127.0.0.1:{}   psql \"host=127.0.0.1 port={} user=postgres "
        "dbname=postgres\"",
        as_text(ports_.read_write), as_text(ports_.read_write));
    say("  read-only   127.0.0.1:{}   psql \"host=127.0.0.1 port={} user=postgres "
        "dbname=postgres\"",
        as_text(ports_.read_only), as_text(ports_.read_only));
    say("  stats page  http://127.0.0.1:{}/\n", as_text(ports_.stats));
    return {};
}

Result<void> Demo::wait_for_row(Node& node, long id, const Patience& patience) {
    return wait_until(
        fmt::format("{} has row {}", node.name, id),
        [&] {
            const auto found = ask_once(
                node.port, fmt::format("SELECT count(*) FROM demo_writes WHERE id = {}", id),
                patience);
            return found && *found == "1";
        },
        patience);
}

Result<void> Demo::start_writing() {
    const Patience patience = stop_.patience(for_a_step);
    auto made = ask_once(ports_.read_write,
                         "CREATE TABLE demo_writes (id bigint PRIMARY KEY, node int)", patience);
    if (!made) return Error{"through the read-write address: " + made.error().text};
    writer_ = std::make_unique<Writer>(ports_.read_write);
    stop_.wait(writing_before);
    const auto writes = writer_->acknowledged();
    if (writes.empty()) return Error{"no write through the read-write address was acknowledged"};
    before_ = writes.back();
    for (Node& node : cluster_->nodes()) {
        if (auto there = wait_for_row(node, before_.id, patience); !there) return there;
    }
    say("A client inserts a row every few milliseconds through {} ({} so far).",
        as_text(ports_.read_write), writes.size());
    return {};
}

Result<void> Demo::fail_over() {
    const std::string lost = cluster_->primary().name;
    killed_at_ = Clock::now();
    cluster_->kill_primary();
    say("SIGKILL for every process of {}, the primary.", lost);
    const Patience patience = stop_.patience(for_a_step);
    auto promoted = cluster_->promote_best_standby(patience);
    if (!promoted) return promoted.error();
    promoted_at_ = Clock::now();
    say("{} was promoted, {} after the kill. Nobody tells the router.", (*promoted)->name,
        in_seconds(promoted_at_ - killed_at_));
    if (auto told = cluster_->follow_primary(cluster_->remaining_standby(), patience); !told)
        return told;

    auto written = wait_until(
        "the first write through the router reaches " + (*promoted)->name,
        [&] { return writer_->first_of((*promoted)->port).has_value(); }, patience);
    if (!written) return written;
    after_ = *writer_->first_of((*promoted)->port);
    say("Writes were away for {} from the kill, {}.", in_seconds(after_.at - killed_at_),
        after_.at < promoted_at_ ? "and back before the promotion was reported"
                                 : in_seconds(after_.at - promoted_at_) + " from the promotion");
    return {};
}

Result<void> Demo::check_rows() {
    const Patience patience = stop_.patience(for_a_step);
    writer_->stop();
    for (const long id : {before_.id, after_.id}) {
        for (Node* node : {&cluster_->primary(), &cluster_->remaining_standby()}) {
            if (auto there = wait_for_row(*node, id, patience); !there) return there;
        }
    }
    // Replication is asynchronous here, so acknowledged rows may have died with the old primary.
    const auto acknowledged = writer_->acknowledged();
    auto kept = ask_once(cluster_->primary().port, "SELECT count(*) FROM demo_writes", patience);
    if (!kept) return kept.error();
    const long lost =
        static_cast<long>(acknowledged.size()) - std::strtol(kept->c_str(), nullptr, 10);
    say("Rows from before and after are on {} and on {}{}.", cluster_->primary().name,
        cluster_->remaining_standby().name,
        lost > 0 ? fmt::format(" ({} acknowledged last had not been replicated yet)", lost) : "");
    return {};
}

Result<void> Demo::check_routing() {
    const Port primary = cluster_->primary().port;
    const Port standby = cluster_->remaining_standby().port;
    std::string seen;
    auto settled = wait_until(
        "the roles are settled on both addresses",
        [&] {
            const auto write = nodes_reached(ports_.read_write);
            const auto read = nodes_reached(ports_.read_only);
            return write && *write == std::set{primary} && read && *read == std::set{standby};
        },
        stop_.patience(for_a_step));
    if (!settled) return settled;
    say("{} reaches {}, {} reaches {} alone ({} after the promotion).", as_text(ports_.read_write),
        cluster_->primary().name, as_text(ports_.read_only), cluster_->remaining_standby().name,
        in_seconds(Clock::now() - promoted_at_));
    return {};
}

Result<void> Demo::stay_up() {
    say("\nUp until Ctrl-C. Logs and the configuration are in {}.", folder_->path().string());
    std::set<std::string> told;
    while (!stop_.requested()) {
        stop_.wait(milliseconds(200));
        if (!router_.running()) return Error{"the router ended: " + router_.ending()};
        for (Node& node : cluster_->nodes()) {
            if (!node.killed && !node.postgres.running() && told.insert(node.name).second)
                say("{} has ended ({}).", node.name, node.postgres.ending());
        }
    }
    say("\nStopping.");
    return {};
}

}  // namespace

int run_demo(int argc, char** argv) {
    CLI::App app{
        "A three-node PostgreSQL cluster, agents and a router on loopback, to try pgsteer out",
        "pgsteer demo"};
    Options options;
    app.add_flag("--tour", options.tour, "end after the failover: status 0 if everything worked");
    app.add_option("--pg-bin", options.postgres_programs,
                   "folder of PostgreSQL's server programs (initdb, postgres)");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    forget_postgres_environment();
    (void)std::signal(SIGPIPE, SIG_IGN);  // a closed `| head` must not skip the cleaning up
    const StopSignal stop;
    Demo demo(options, stop);
    const auto done = demo.run();
    if (done) return 0;
    if (stop.requested()) {
        fmt::print(stderr, "pgsteer demo: stopped\n");
        return 130;
    }
    fmt::print(stderr, "pgsteer demo: {}\n", done.error().text);
    if (const std::string log = demo.router_log(); !log.empty())
        fmt::print(stderr, "The router's last lines:\n{}", log);
    return 1;
}

}  // namespace pgsteer::cli
