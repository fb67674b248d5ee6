// Link: what a master and one of its workers say to each other, over a socketpair of packets. A
// message is one letter and at most one descriptor. The master's end is router/master's, the
// worker's router/control's.
#pragma once

#include <optional>
#include <utility>

#include "base/fd.h"
#include "base/result.h"

namespace pgsteer::router {

enum class LinkWord : char {
    // From the worker: it serves. The descriptor is where its listening sockets come from
    // (router/handover).
    ready = 'R',
    // From the master: a client of its CLI, of that level.
    user_client = 'u',
    operator_client = 'o',
    admin_client = 'a',
};

struct LinkMessage {
    LinkWord word{};
    UniqueFd descriptor;
};

// The master's end and the worker's, both close-on-exec and non-blocking.
Result<std::pair<UniqueFd, UniqueFd>> make_link();
Result<void> tell(int link, LinkWord word, int descriptor);
// Nothing: there is no message now. Error: the other side is gone.
Result<std::optional<LinkMessage>> hear(int link);

}  // namespace pgsteer::router
