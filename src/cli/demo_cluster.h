// The demo's PostgreSQL cluster: one primary and two standbys that stream from it, and the agent
// beside each. Knows how to make, kill, promote and re-point a node. Main thread.
#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>

#include "base/address.h"
#include "base/result.h"
#include "cli/demo_process.h"

namespace pgsteer::cli {

// Where initdb and postgres are: `wanted` (--pg-bin), what pg_config says, or the newest under
// /usr/lib/postgresql. Error: says what to install.
Result<std::filesystem::path> find_postgres_programs(const std::optional<std::string>& wanted);

// The first ports the system gives on 127.0.0.1, all different.
Result<std::vector<Port>> free_ports(std::size_t count);

struct Node {
    std::string name;
    Port port{0};        // of PostgreSQL
    Port check_port{0};  // of its agent
    std::filesystem::path data;
    Child postgres;
    Child agent;
    bool killed = false;  // by the demo itself
};

struct ClusterOptions {
    std::filesystem::path folder;
    std::filesystem::path programs;  // PostgreSQL's
    std::filesystem::path self;      // pgsteer
    std::optional<RunAs> run_as;
};

class DemoCluster {
  public:
    static constexpr std::size_t size = 3;
    // The ports are chosen here, nothing is started yet.
    static Result<DemoCluster> make(ClusterOptions options);
    DemoCluster(DemoCluster&&) = default;
    DemoCluster& operator=(DemoCluster&&) = delete;
    ~DemoCluster();  // agents, then standbys, then the primary

    std::array<Node, size>& nodes() { return nodes_; }
    Node& primary() { return nodes_[primary_]; }

    // initdb, start, accepts queries.
    Result<void> start_primary(const Patience& patience);
    // pg_basebackup -R from the primary, start, streams.
    Result<void> start_standby(Node& node, const Patience& patience);
    Result<void> start_agents();

    // SIGKILL for every process of the primary's node, its agent's too.
    void kill_primary();
    // The standby that has received most becomes the primary; answers it.
    Result<Node*> promote_best_standby(const Patience& patience);
    // Tells a standby to follow the present primary.
    Result<void> follow_primary(Node& standby, const Patience& patience);
    // The standby that is left after a failover.
    Node& remaining_standby();

  private:
    DemoCluster() = default;
    Result<void> run(const std::string& program, std::vector<std::string> arguments,
                     const Patience& patience);
    Result<void> configure(const Node& node);
    Result<void> start(Node& node, const Patience& patience);

    ClusterOptions options_;
    std::array<Node, size> nodes_;
    std::size_t primary_ = 0;
};

}  // namespace pgsteer::cli
