// A stranger's request to the stats page: whatever its bytes, it is answered or refused, and only
// who knows the password sees anything.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "admin/page.h"
#include "http/parser.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace pgsteer;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto parsed = http::parse_request(text, 8192);
    if (parsed.state != http::ParseState::complete) return 0;
    admin::Snapshot snapshot;
    snapshot.backends.resize(1);
    snapshot.backends[0].name = "secret-name";
    for (const char* uri : {"/", "/stats", "/haproxy?stats"}) {
        config::StatsPage page;
        page.page = true;
        page.uri = uri;
        const auto open = admin::answer_page(snapshot, page, parsed.request);
        if (open.status != 200 && open.status != 400 && open.status != 404) std::abort();
        page.users = {"nobody:knows this, for it is not in any corpus"};
        const auto closed = admin::answer_page(snapshot, page, parsed.request);
        if (closed.body.find("secret-name") != std::string::npos) std::abort();
        if (http::format_response(closed, true).find("\r\n\r\n") == std::string::npos) std::abort();
    }
    return 0;
}
