// What an operator asks a worker about its sessions: a page of them, or the end of one.
#include "relay/worker.h"

namespace pgsteer::relay {
namespace {

using routing::SessionId;

SessionId id_of(routing::WorkerId worker, SlotIndex slot, std::uint32_t generation) {
    return static_cast<SessionId>(static_cast<std::uint64_t>(routing::index(worker)) << 56 |
                                  static_cast<std::uint64_t>(generation & 0xff'ffff) << 32 | slot);
}

routing::SessionLine::State state_of(const State& state) {
    using Shown = routing::SessionLine::State;
    constexpr Shown shown[] = {Shown::starting, Shown::waiting, Shown::connecting,
                               Shown::relaying, Shown::closing, Shown::inspecting};
    static_assert(std::size(shown) == std::variant_size_v<State>);
    return shown[state.index()];
}

}  // namespace

routing::SessionLine Worker::line_of(SlotIndex slot) {
    const Session& session = sessions_.at(slot);
    routing::SessionLine line;
    line.id = id_of(id_, slot, session.generation);
    line.state = state_of(session.state);
    line.client = address_of(session.peer);
    line.frontend = session.frontend;
    line.backend = session.backend;
    if (session.has_server) line.server = session.server;
    line.accepted = session.accepted;
    line.last_activity = session.accepted;
    line.retries = session.retries;
    line.client_fd = session.client.get();
    if (const auto* relaying = std::get_if<Relaying>(&session.state)) {
        line.last_activity = started_ + milliseconds(relaying->last_activity);
        line.bytes_in = relaying->up.bytes;
        line.bytes_out = relaying->down.bytes;
        line.server_fd = relaying->server.get();
    }
    return line;
}

void Worker::answer_operator() {
    const auto asked = channel_.take_asked();
    if (!asked) return;
    routing::SessionsFound found;
    SlotIndex slot = asked->end ? static_cast<SlotIndex>(*asked->end) : asked->from;
    for (; slot < sessions_.size() && found.lines.size() < routing::sessions_a_page; ++slot) {
        Session& session = sessions_.at(slot);
        if (!asked->end && session.in_use) found.lines.push_back(line_of(slot));
        if (!asked->end) continue;
        found.ended = session.in_use && id_of(id_, slot, session.generation) == *asked->end;
        if (found.ended) end(slot, routing::EndReason::killed);
        break;
    }
    if (!asked->end && slot < sessions_.size()) found.next = slot;
    channel_.answer(std::move(found), fellows_.bell);
}

}  // namespace pgsteer::relay
