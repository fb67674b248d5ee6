// The bytes of one HTTP exchange as values: a request out of what was received so far, an answer
// into text. Pure; used by the server and by the one-shot check. Any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "http/server.h"

namespace pgsteer::http {

enum class ParseState {
    need_more,
    complete,
    malformed,
    too_large,
    body_too_large,
    length_required,  // a body of no length that was told
};

struct Parsed {
    ParseState state = ParseState::need_more;
    Request request;  // set when complete
};

// `received` is everything that came since the connection began. Without `most_body` a request is
// complete as soon as the header block has ended, and its body is not looked at; with it a body is
// awaited that says its length. Lines may end with LF alone (people use nc).
Parsed parse_request(std::string_view received, std::size_t most_bytes, std::size_t most_body = 0);

// Always with Content-Length (also without the body, for HEAD), Connection: close and
// Cache-Control: no-store. Control characters in header values are dropped.
std::string format_response(const Response& response, bool with_body);

// An answer that says only its own status, for requests that cannot be served.
Response plain_response(int status, std::string_view reason);

}  // namespace pgsteer::http
