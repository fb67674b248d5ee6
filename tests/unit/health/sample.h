// Small configurations and observations that the health tests are made of.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "health/cluster.h"

namespace pgsteer::health {

inline config::Expect expect(config::Expect::Kind kind, std::string pattern, bool negate = false) {
    config::Expect expect;
    expect.kind = kind;
    expect.pattern = config::plain(std::move(pattern));
    expect.negate = negate;
    return expect;
}

inline config::Check http_check(const std::vector<config::Expect>& expects) {
    config::Check check;
    check.http = true;
    check.steps.emplace_back(config::HttpSendStep{});
    for (const config::Expect& expect : expects)
        check.steps.emplace_back(expect);
    return check;
}

inline config::Server sample_server(const std::string& name) {
    config::Server server;
    server.name = name;
    server.endpoint.host = name;
    server.endpoint.port = Port{5432};
    server.check = true;
    server.check_port = Port{23267};
    server.inter = milliseconds(3000);
    server.cut_when_down = true;
    return server;
}

inline config::Backend sample_backend(const std::string& name, const std::string& status,
                                      std::size_t nodes) {
    config::Backend backend;
    backend.name = name;
    backend.check = http_check({expect(config::Expect::Kind::status, status)});
    backend.connect_timeout = milliseconds(4000);
    backend.check_timeout = milliseconds(5000);
    for (std::size_t i = 0; i < nodes; ++i)
        backend.servers.push_back(sample_server("pg" + std::to_string(i)));
    return backend;
}

// The classic two listeners over the same nodes. ServerIds: ReadWrite 0..n-1, ReadOnly n..2n-1.
inline config::Config classic(std::size_t nodes) {
    config::Config config;
    config.backends = {sample_backend("ReadWrite", "200", nodes),
                       sample_backend("ReadOnly", "206", nodes)};
    for (const config::Backend& backend : config.backends) {
        config::Frontend frontend;
        frontend.name = backend.name;
        frontend.default_backend = backend.name;
        config.frontends.push_back(frontend);
    }
    return config;
}

inline HttpAnswer answer(int status, std::string reason = "", std::string body = "") {
    HttpAnswer answer;
    answer.status = status;
    answer.reason = std::move(reason);
    answer.body = std::move(body);
    answer.role = status == 200 ? Role::primary : status == 206 ? Role::standby : Role::unknown;
    return answer;
}

using Outcome = decltype(Observation::outcome);

// A cluster with a clock of its own.
struct World {
    explicit World(config::Config with, double random = 0.5) : config(std::move(with)) {
        cluster =
            std::make_unique<Cluster>(config, ClusterOptions{2, now, [random] { return random; }});
    }

    // The question `q` is asked now and answered `latency` later.
    std::vector<Change> tell(std::size_t q, Outcome outcome, milliseconds latency = {}) {
        const auto id = static_cast<QuestionId>(q);
        cluster->asking(id, now);
        now += latency;
        return cluster->observe(id, {now, latency, std::move(outcome)});
    }
    TimePoint due(std::size_t q) const { return cluster->next_due(static_cast<QuestionId>(q)); }
    // Goes to when the question is due, and answers it.
    std::vector<Change> tell_when_due(std::size_t q, Outcome outcome) {
        now = std::max(now, due(q));
        return tell(q, std::move(outcome));
    }
    const routing::ServerRow& row(std::size_t server) {
        table = cluster->table();
        return table->servers.at(server);
    }
    std::string state(std::size_t server) const {
        return cluster->view(static_cast<routing::ServerId>(server), now).state;
    }

    config::Config config;
    TimePoint now = TimePoint{} + std::chrono::hours(1);
    std::unique_ptr<Cluster> cluster;
    std::shared_ptr<const routing::RoutingTable> table;
};

}  // namespace pgsteer::health
