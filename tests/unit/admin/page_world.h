// A page of two servers, and requests to it: for the tests of the page.
#pragma once

#include <boost/asio/io_context.hpp>
#include <string>
#include <utility>
#include <vector>

#include "admin/page.h"

namespace pgsteer::admin {

inline ServerLine server_line(const std::string& name, const std::string& state, bool accepts) {
    ServerLine line;
    line.id = line.view.number = 1;
    line.view.name = name;
    line.view.state = line.status = state;
    line.view.checked = true;
    line.view.check_word = "L7OK";
    line.view.check_code = 200;
    line.address = "10.0.0.1:5432";
    line.cause = accepts ? "up" : "check-failed";
    line.accepts = accepts;
    line.weight = 1;
    return line;
}

inline Snapshot two_servers() {
    Snapshot snapshot;
    snapshot.at = TimePoint{} + seconds(90);
    snapshot.version = "1.2.3";
    ProxyLine front;
    front.name = "ReadWrite";
    front.id = 2;
    front.binds = {"127.0.0.1:5000"};
    front.ways = {{"ReadWrite", true}};
    snapshot.frontends.push_back(front);
    ProxyLine back = front;
    back.servers = {server_line("pg0", "UP", true), server_line("pg1", "DOWN", false)};
    back.servers[0].view.role = health::Role::primary;
    back.servers[1].id = 2;
    back.servers[1].view.role = health::Role::standby;
    back.servers[1].address = "10.0.0.2:5432";
    back.active = 1;
    snapshot.backends.push_back(back);
    back.name = "other";
    back.id = 3;
    snapshot.backends.push_back(back);
    return snapshot;
}

inline config::StatsPage page_at(const std::string& uri) {
    config::StatsPage page;
    page.page = true;
    page.uri = uri;
    return page;
}

// always_true and always_false, as `stats admin if TRUE` becomes.
inline config::Condition constant(bool value) {
    config::Condition condition;
    config::Test test;
    test.sample.fetch = value ? "always_true" : "always_false";
    condition.any.push_back({{false, {test}}});
    return condition;
}

struct PageWorld {
    explicit PageWorld(const config::StatsPage& shown)
        : page({shown, "the-token", "db1", [this] { return snapshot; },
                [this](const Order& order) -> std::string_view {
                    orders.push_back(order);
                    return "DONE";
                },
                io.get_executor()}) {}

    http::Response get(const std::string& target) { return page.answer(request("GET", target)); }
    static http::Request request(const std::string& method, const std::string& target) {
        http::Request request;
        request.method = method;
        request.path = target.substr(0, target.find('?'));
        if (request.path.size() < target.size())
            request.query = target.substr(request.path.size() + 1);
        return request;
    }
    http::Response post(const std::string& body,
                        const std::vector<std::pair<std::string, std::string>>& headers = {}) {
        http::Request request = PageWorld::request("POST", "/");
        request.body = body;
        request.headers = headers;
        return page.answer(request);
    }

    boost::asio::io_context io;
    Snapshot snapshot = two_servers();
    std::vector<Order> orders;
    Page page;
};

inline std::string header(const http::Response& response, const std::string& name) {
    for (const auto& [known, value] : response.headers)
        if (known == name) return value;
    return "";
}

}  // namespace pgsteer::admin
