// Answers of strangers, and requests of strangers: neither may crash, and what is read stays in
// bounds.
#include "probe/http_answer.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "http/parser.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    for (const bool to_head : {false, true}) {
        const auto parsed = pgsteer::probe::parse_answer(text, to_head);
        if (!parsed) continue;
        if (parsed->answer.status < 100 || parsed->answer.status > 599) std::abort();
        if (parsed->answer.body.size() > size) std::abort();
    }
    if (pgsteer::probe::excerpt(text).size() > 80) std::abort();
    const auto request = pgsteer::http::parse_request(text, 512);
    if (request.state == pgsteer::http::ParseState::complete && request.request.path.size() > 512)
        std::abort();
    return 0;
}
