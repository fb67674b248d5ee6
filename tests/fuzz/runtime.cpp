// A stranger's line on the stats socket, at the highest level: every command is answered, whatever
// its words, and none may crash, hang or grow the process. Those that take their time are left out
// (clang 14 cannot compile coroutines with the sanitizers).
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "admin/command.h"
#include "base/log.h"
#include "config/load.h"

namespace {

using namespace pgsteer;

constexpr std::string_view file = R"(
global
    stats socket /tmp/none level admin
defaults
    mode tcp
    timeout connect 1s
    timeout client 1s
    timeout server 1s
listen one
    bind 127.0.0.1:1
    option httpchk
    server s1 127.0.0.1:2 check agent-check agent-port 3
    server s2 127.0.0.1:3 backup
)";

struct World {
    config::Config config =
        config::load_text(file, "f", [](const std::string&) { return std::nullopt; }).config;
    health::Cluster cluster{config, {2, Clock::now(), [] { return 0.5; }}};
    std::shared_ptr<const routing::RoutingTable> table = cluster.table();
    admin::ProcessFacts facts{"1", "n", "", Clock::now(), 2, 1, 100, &config, {}, 0, false, {}};
    admin::Events events;
    admin::Desk desk{&config,
                     cluster,
                     events,
                     [this] { return admin::take_snapshot(*table, cluster, facts, Clock::now()); },
                     [this]() -> const routing::RoutingTable& { return *table; },
                     [this](const std::vector<health::Change>&) { table = cluster.table(); },
                     nullptr,
                     nullptr,
                     [](routing::ServerId) {},
                     [](bool) {},
                     [](int) {},
                     nullptr};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const bool silent = [] {
        log::silence_stderr();
        return true;
    }();
    (void)silent;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto commands = admin::split_line(text.substr(0, text.find('\n')));
    if (commands.size() > size + 1) std::abort();
    World world;
    admin::Client client;
    client.level = admin::Level::admin;
    std::size_t run = 0;
    for (const auto& words : commands) {
        const auto answer = admin::answer_at_once(world.desk, client, words);
        if (answer && answer->size() > (1U << 20)) std::abort();
        if (++run > 20) break;
    }
    return 0;
}
