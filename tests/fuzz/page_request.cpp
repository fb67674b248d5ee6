// A stranger's request to the stats page, with whatever body: it is answered or refused, and only
// who knows the password sees or changes anything.
#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "admin/page.h"
#include "http/parser.h"

namespace {

using namespace pgsteer;

constexpr std::size_t most_head = 8192;

struct Shown {
    explicit Shown(const config::StatsPage& page)
        : shown({page, "a token that is in no corpus", "host", snapshot,
                 [this](const admin::Order& order) {
                     changed = true;
                     return std::string_view(order.servers.empty() ? "NONE" : "DONE");
                 },
                 io.get_executor()}) {}
    static admin::Snapshot snapshot() {
        admin::Snapshot snapshot;
        snapshot.backends.resize(1);
        snapshot.backends[0].name = "secret-name";
        snapshot.backends[0].servers.resize(2);
        return snapshot;
    }
    boost::asio::io_context io;
    bool changed = false;
    admin::Page shown;
};

void check(bool holds) {
    if (!holds) std::abort();
}

// What a stream says first must be whole events without bytes that end them early.
void check_stream(const http::Response& response) {
    boost::asio::io_context io;
    boost::asio::steady_timer timer(io);
    http::Broadcast::Subscriber viewer(*response.stream, timer, response.seen);
    const auto text = viewer.take();
    check(text == nullptr || text->ends_with("\n\n"));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    auto parsed = http::parse_request(text, most_head, admin::Page::most_body_bytes);
    if (parsed.state != http::ParseState::complete) return 0;
    check(parsed.request.body.size() <= admin::Page::most_body_bytes);
    parsed.request.source = Address::ipv4(0x7f000001, Port{1});
    for (const char* uri : {"/", "/stats", "/haproxy?stats"}) {
        config::StatsPage page;
        page.page = true;
        page.uri = uri;
        Shown open(page);
        const auto answer = open.shown.answer(parsed.request);
        check(answer.status >= 200 && answer.status < 500);
        check(!open.changed);  // nobody may
        if (answer.stream) check_stream(answer);
        page.admin.emplace_back();  // anybody may who is no other site's page
        Shown changeable(page);
        const auto changed = changeable.shown.answer(parsed.request);
        check(!changeable.changed || parsed.request.method == "POST");
        check(!changeable.changed || changed.status == 303);
        check(!changeable.changed || parsed.request.header("origin") == nullptr);
        page.users = {"nobody:knows this, for it is not in any corpus"};
        Shown closed(page);
        const auto refused = closed.shown.answer(parsed.request);
        check(refused.body.find("secret-name") == std::string::npos && !closed.changed);
        check(!refused.stream);
        check(http::format_response(refused, true).find("\r\n\r\n") != std::string::npos);
    }
    return 0;
}
