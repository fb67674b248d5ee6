// From an accepted client to one that may be served: its frontend's rules, the PROXY header before
// its bytes, its first bytes, and the backend it goes to. Only clients of frontends that have
// rules, or whose listener accepts PROXY headers, come this way; all others seek a server at once.
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "pgwire/proxy_protocol.h"
#include "relay/worker.h"
#include "routing/choose.h"
#include "routing/rules.h"

namespace pgsteer::relay {
namespace {

using routing::Passage;
using routing::Rule;

// As much as rules can look at: HAProxy's tune.bufsize.
constexpr std::size_t most_inspected = 16 * 1024;
static_assert(most_inspected <= chunk_size && pgwire::longest_proxy_header <= most_inspected);

}  // namespace

routing::Facts Worker::facts_of(const Session& session, bool destination) {
    const Listener& listener = *listeners_[session.listener].listener;
    routing::Facts facts{.table = *table_,
                         .frontend = session.frontend,
                         .backend = session.backend,
                         .client = address_of(session.peer),
                         .destination = {},
                         .listener_id = listener.id,
                         .listener_name = listener.name,
                         .bytes = {},
                         .may_grow = false,
                         .random = drawn_bits(),
                         .now = now_};
    if (destination)
        facts.destination =
            session.called ? *session.called : Address::local_of(session.client.get());
    return facts;
}

// False: the rules reject the client.
bool Worker::pass_early(Session& session, const std::vector<Rule>& rules) {
    if (rules.empty()) return true;
    const auto& front = *frontend(session).rules;
    const routing::Facts facts = facts_of(session, front.needs_destination);
    const auto act = [&](const Rule& rule) { take_value(session, rule, facts); };
    return routing::pass(rules, facts, act) != Passage::rejected;
}

void Worker::take_value(Session& session, const Rule& rule, const routing::Facts& facts) {
    if (rule.action == Rule::Action::expect_proxy) {
        session.expects_proxy = true;
        return;
    }
    const routing::Sampled sampled = rule.sample.fetch(facts, rule.sample.arguments);
    if (!sampled.value) return;
    if (const auto* const address = std::get_if<Address>(&*sampled.value)) {
        const std::uint16_t port = session.peer.port;
        session.peer = compact(address->get());
        session.peer.port = port;
    } else if (const auto* const port = std::get_if<std::int64_t>(&*sampled.value)) {
        session.peer.port = static_cast<std::uint16_t>(*port);
    }
}

void Worker::admit(SlotIndex slot) {
    Session& session = sessions_.at(slot);
    const routing::FrontendRow& front = frontend(session);
    session.expects_proxy = listeners_[session.listener].listener->accept_proxy;
    if (front.rules && !pass_early(session, front.rules->connection)) {
        traffic(front.shared).denied_connections.add();
        return drop(slot);
    }
    if (!session.expects_proxy) return admit_session(slot);
    inspect(slot, Inspecting::What::proxy_header, proxy_header_limit);
}

void Worker::admit_session(SlotIndex slot) {
    Session& session = sessions_.at(slot);
    const routing::FrontendRow& front = frontend(session);
    if (!front.rules) return seek(slot);
    if (!pass_early(session, front.rules->session)) {
        traffic(front.shared).denied_sessions.add();
        return drop(slot);
    }
    if (front.rules->content.empty()) return enter_backend(slot);
    inspect(slot, Inspecting::What::front_content, front.rules->inspect_delay);
}

void Worker::enter_backend(SlotIndex slot) {
    Session& session = sessions_.at(slot);
    const auto& rules = frontend(session).rules;
    if (!rules->backends.empty() && !choose_its_backend(session))
        return refuse(slot, routing::EndReason::no_backend);
    const auto& back = backend(session).rules;
    if (!back || back->content.empty()) return seek(slot);
    inspect(slot, Inspecting::What::back_content, back->inspect_delay);
}

// False: no rule holds, and there is no default.
bool Worker::choose_its_backend(Session& session) {
    const routing::FrontendRow& front = frontend(session);
    session.backend = front.backend;
    routing::Facts facts = facts_of(session, front.rules->needs_destination);
    facts.bytes = peek(session);
    const auto chosen = routing::choose_backend(*front.rules, facts);
    if (chosen) session.backend = *chosen;
    return chosen || front.has_default;
}

void Worker::inspect(SlotIndex slot, Inspecting::What what, milliseconds limit) {
    Session& session = sessions_.at(slot);
    session.state = Inspecting{what, limit.count() <= 0};
    look(slot);
    if (!session.in_use || !std::holds_alternative<Inspecting>(session.state)) return;
    watch_client(slot);
    if (session.in_use) set_timer(slot, limit);
}

std::span<const std::byte> Worker::peek(const Session& session) {
    const ssize_t got =
        ::recv(session.client.get(), buffer_->bytes, most_inspected, MSG_PEEK | MSG_DONTWAIT);
    return {buffer_->bytes, got > 0 ? static_cast<std::size_t>(got) : 0};
}

void Worker::look(SlotIndex slot) {
    Session& session = sessions_.at(slot);
    const auto what = std::get<Inspecting>(session.state).what;
    if (what == Inspecting::What::proxy_header) return look_for_proxy_header(slot);
    const bool of_front = what == Inspecting::What::front_content;
    const auto& rules =
        of_front ? frontend(session).rules->content : backend(session).rules->content;
    const bool destination = of_front ? frontend(session).rules->needs_destination
                                      : backend(session).rules->needs_destination;
    routing::Facts facts = facts_of(session, destination);
    facts.bytes = peek(session);
    facts.may_grow =
        !std::get<Inspecting>(session.state).is_over && facts.bytes.size() < most_inspected;
    const auto act = [&](const Rule& rule) { take_value(session, rule, facts); };
    const Passage passage = routing::pass(rules, facts, act);
    if (passage == Passage::undecided) return;
    timers_.remove(slot);
    if (passage == Passage::rejected) {
        traffic(frontend(session).shared).denied_requests.add();
        return end(slot, routing::EndReason::rejected);
    }
    session.state = Starting{};
    if (of_front) return enter_backend(slot);
    seek(slot);
}

void Worker::look_for_proxy_header(SlotIndex slot) {
    Session& session = sessions_.at(slot);
    const auto header = pgwire::read_proxy_header(peek(session));
    const bool is_over = std::get<Inspecting>(session.state).is_over;
    if (header.found == pgwire::ProxyHeader::Found::incomplete && !is_over) return;
    timers_.remove(slot);
    if (header.found != pgwire::ProxyHeader::Found::yes)
        return end(slot, routing::EndReason::no_proxy_header);
    // Those bytes are there: the header was just read among them.
    (void)!::recv(session.client.get(), buffer_->bytes, header.size, MSG_DONTWAIT);
    if (header.source.is_ip()) {
        session.peer = compact(header.source.get());
        session.called = std::make_unique<Address>(header.destination);
    }
    session.state = Starting{};
    admit_session(slot);
}

// What has not come until now will not come.
void Worker::stop_inspecting(SlotIndex slot) {
    std::get<Inspecting>(sessions_.at(slot).state).is_over = true;
    look(slot);
}

void Worker::on_inspected_event(SlotIndex slot, std::uint32_t events) {
    if (events & (EPOLLHUP | EPOLLERR)) return end(slot, routing::EndReason::client_left);
    if (!(events & EPOLLRDHUP)) return look(slot);
    if (peek(sessions_.at(slot)).empty()) return end(slot, routing::EndReason::client_left);
    stop_inspecting(slot);
}

// A waiting client is asked again where it wants to go: no server of its backend is fit, and the
// rules may send it elsewhere now.
void Worker::choose_backends_again() {
    for (std::size_t i = 0; i < holds_.size(); ++i) {
        const auto id = static_cast<routing::BackendId>(i);
        if (holds_[i].first == no_slot || routing::any_accepts(*table_, id)) continue;
        for (SlotIndex slot = holds_[i].first; slot != no_slot;) {
            Session& session = sessions_.at(slot);
            const SlotIndex next = std::get<Held>(session.state).next;
            const auto& rules = frontend(session).rules;
            if (rules && !rules->backends.empty()) move_held(slot);
            slot = next;
        }
    }
}

void Worker::move_held(SlotIndex slot) {
    Session& session = sessions_.at(slot);
    const routing::BackendId now = session.backend;
    const bool goes_somewhere = choose_its_backend(session);
    const routing::BackendId wanted = std::exchange(session.backend, now);
    if (!goes_somewhere || wanted == now) return;
    leave_hold(slot);
    if (std::exchange(session.counts_in_backend, false)) backend(session).shared->slots.give_back();
    session.backend = wanted;
    session.has_server = session.avoid_server = false;
    seek(slot);
}

}  // namespace pgsteer::relay
