// What a node answered over HTTP, read as tolerantly as the status scripts in the field need: shell
// errors before the status line, CR LF LF as line end (so that the head ends after the status
// line), a doubled Content-Type, no Content-Length, an end without a close notice. Pure; any
// thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "config/config.h"
#include "health/observation.h"

namespace pgsteer::probe {

// More of an answer is never read. Patroni's JSON is below 2 kB, the script's answer below 200
// bytes.
inline constexpr std::size_t most_answer_bytes = 16 * 1024;

// Headers of our agent: what the node is (probe/node_json.h), and where its changes can be watched.
inline constexpr std::string_view node_header = "X-Pgsteer-Node";
inline constexpr std::string_view watch_header = "X-Pgsteer-Watch";

struct ParsedAnswer {
    health::HttpAnswer answer;   // body as far as it came, chunks put together
    bool head_ended = false;     // the empty line after the headers was seen
    bool body_complete = false;  // by Content-Length, last chunk, or because there is none
};

// Nothing as long as no status line is complete. `to_head`: the question was HEAD, no body follows.
std::optional<ParsedAnswer> parse_answer(std::string_view received, bool to_head);

// The request as bytes. `host` is sent when HTTP/1.1 wants a Host header and the file has none.
std::string format_request(const config::HttpSendStep& request, const std::string& host);

// The first line of what came, printable and short, for a reason in words.
std::string excerpt(std::string_view received);

}  // namespace pgsteer::probe
