#include <gtest/gtest.h>

#include "health/cluster.h"
#include "unit/health/sample.h"

namespace pgsteer::health {
namespace {

config::HttpSendStep& request(config::Backend& backend) {
    return std::get<config::HttpSendStep>(backend.check.steps[1]);
}
config::Expect& last_expect(config::Backend& backend) {
    return std::get<config::Expect>(backend.check.steps.back());
}

TEST(Cluster, AsksTwiceWhenTheQuestionsDiffer) {
    struct Row {
        const char* what;
        void (*change)(config::Backend&);
        std::size_t questions;
    };
    const std::vector<Row> rows{
        {"expected status",
         [](config::Backend& b) { last_expect(b).pattern = config::plain("301"); }, 1},
        {"expected status twice",
         [](config::Backend& b) { b.check.steps.push_back(b.check.steps.back()); }, 1},
        {"rise", [](config::Backend& b) { b.servers[0].rise = 7; }, 1},
        {"a name in the request",
         [](config::Backend& b) {
             request(b).uri = {{config::FormatPart::What::proxy, "", 0, 0}};
         },
         2},
        {"TLS", [](config::Backend& b) { b.servers[0].check_tls.enabled = true; }, 2},
        {"TLS that is not spoken", [](config::Backend& b) { b.servers[0].check_tls.sni = "x"; }, 1},
        {"uri", [](config::Backend& b) { request(b).uri = config::plain("/replica"); }, 2},
        {"method", [](config::Backend& b) { request(b).method = "GET"; }, 2},
        {"kind", [](config::Backend& b) { b.check = config::Check{}; }, 2},
        {"header",
         [](config::Backend& b) {
             request(b).headers = {{"Host", config::plain("x")}};
         },
         2},
        {"timeout check", [](config::Backend& b) { b.check_timeout = milliseconds(1); }, 2},
        {"inter above timeout connect",
         [](config::Backend& b) { b.servers[0].inter = milliseconds(9000); }, 2},
        {"check port", [](config::Backend& b) { b.servers[0].check_port = Port{8008}; }, 2},
        {"check address", [](config::Backend& b) { b.servers[0].check_address = "other"; }, 2},
        {"the body is wanted",
         [](config::Backend& b) { last_expect(b) = expect(config::Expect::Kind::string, "x"); }, 2},
        {"maintenance", [](config::Backend& b) { b.servers[0].disabled = true; }, 1},
        {"no check", [](config::Backend& b) { b.servers[0].check = false; }, 1},
    };
    for (const Row& row : rows) {
        config::Config config = classic(1);
        row.change(config.backends[1]);
        EXPECT_EQ(World(config).cluster->questions().size(), row.questions) << row.what;
    }
}

}  // namespace
}  // namespace pgsteer::health
