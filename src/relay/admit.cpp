// From an accepted client to one that may be served, step by step: its frontend's rules, the PROXY
// header before its bytes, its first bytes, and the backend it goes to. Only clients of frontends
// that have rules, or whose listener accepts PROXY headers, come this way; all others seek a server
// at once.
//
// A step that lacks something keeps the client in Inspecting and is taken anew from its beginning
// when bytes come, when servers were judged, or when the time for either is over.
#include <netinet/in.h>
#include <netinet/tcp.h>
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
using Step = Inspecting::Step;

// As much as rules can look at: HAProxy's tune.bufsize.
constexpr std::size_t most_inspected = 16 * 1024;
static_assert(most_inspected <= chunk_size && pgwire::longest_proxy_header <= most_inspected);

// As HAProxy's silent-drop: a socket under repair is closed without a word (tcp(7), TCP_REPAIR).
// Not allowed to everybody; a reset that cannot travel does nearly the same.
void be_silent_on_close(const UniqueFd& fd) {
    const int on = 1;
    const linger reset{1, 0};
    if (::setsockopt(fd.get(), IPPROTO_TCP, TCP_REPAIR, &on, sizeof on) == 0) return;
    (void)::setsockopt(fd.get(), IPPROTO_IP, IP_TTL, &on, sizeof on);
    (void)::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_UNICAST_HOPS, &on, sizeof on);
    (void)::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
}

}  // namespace

void Worker::admit(SlotIndex slot) {
    sessions_.at(slot).expects_proxy =
        listeners_[sessions_.at(slot).listener].listener->accept_proxy;
    begin_step(slot, Step::connection_rules);
    advance(slot);
}

void Worker::begin_step(SlotIndex slot, Step step) {
    Session& session = sessions_.at(slot);
    milliseconds limit{0};
    const bool secures = step == Step::handshake && listeners_[session.listener].listener->tls;
    if (step == Step::proxy_header || secures) {
        const milliseconds client = frontend(session).client_timeout;
        limit = client.count() > 0 ? std::min(client, proxy_header_limit) : proxy_header_limit;
    } else if (step == Step::front_content && frontend(session).rules) {
        limit = frontend(session).rules->inspect_delay;
    } else if (step == Step::back_content && backend(session).rules) {
        limit = backend(session).rules->inspect_delay;
    }
    session.state = Inspecting{.step = step,
                               .bytes_over = limit.count() <= 0,
                               .is_listed = false,
                               .bytes_until = now_tick() + static_cast<Tick>(limit.count())};
}

// Takes steps until the client seeks a server, has to wait, or is gone.
void Worker::advance(SlotIndex slot) {
    for (;;) {
        Session& session = sessions_.at(slot);
        auto& inspecting = std::get<Inspecting>(session.state);
        const Step step = inspecting.step;
        if (static_cast<std::int32_t>(now_tick() - inspecting.bytes_until) >= 0)
            inspecting.bytes_over = true;
        const Progress progress = take_step(slot);
        if (progress == Progress::gone) return;
        if (progress == Progress::lacking) return wait_for_more(slot);
        if (step == Step::back_content) {
            timers_.remove(slot);
            session.state = Starting{};
            return seek(slot);
        }
        if (step == Step::session_rules) count_session(session);
        const bool is_skipped = step == Step::connection_rules && !session.expects_proxy;
        begin_step(slot, is_skipped ? Step::handshake
                                    : static_cast<Step>(static_cast<std::uint8_t>(step) + 1));
    }
}

Worker::Progress Worker::take_step(SlotIndex slot) {
    const Session& session = sessions_.at(slot);
    const auto& front = frontend(session).rules;
    const auto& back = backend(session).rules;
    switch (std::get<Inspecting>(session.state).step) {
        case Step::connection_rules:
            return front ? pass(slot, front->connection, front->needs_destination) : Progress::done;
        case Step::proxy_header:
            return take_proxy_header(slot);
        case Step::handshake:
            return take_handshake(slot);
        case Step::session_rules:
            return front ? pass(slot, front->session, front->needs_destination) : Progress::done;
        case Step::front_content:
            return front ? pass(slot, front->content, front->needs_destination) : Progress::done;
        case Step::backend_choice:
            return front ? choose_its_backend(slot) : Progress::done;
        case Step::back_content:
            return back ? pass(slot, back->content, back->needs_destination) : Progress::done;
    }
    return Progress::done;
}

// HAProxy's ways to turn away: a reset before PROXY headers, a plain end after them, both without a
// log line; with one once it is a session.
Worker::Progress Worker::pass(SlotIndex slot, const std::vector<Rule>& rules, bool destination) {
    if (rules.empty()) return Progress::done;
    Session& session = sessions_.at(slot);
    const Step step = std::get<Inspecting>(session.state).step;
    const bool sees_bytes = step == Step::front_content || step == Step::back_content;
    routing::Facts facts = facts_of(session, destination);
    if (sees_bytes) facts.bytes = peek(session);
    facts.may_grow = sees_bytes && !std::get<Inspecting>(session.state).bytes_over &&
                     facts.bytes.size() < most_inspected;
    facts.may_settle = may_settle(session);
    const auto act = [&](const Rule& rule, const routing::Sampled& sampled) {
        take_value(session, rule, sampled);
        // What was just tracked or captured is there for the next rule.
        if (!session.aside) return;
        facts.tracked = &session.aside->tracked;
        facts.captured = session.aside->captured;
    };
    // A reload may have given other rules: they are asked from the first one on.
    auto& inspecting = std::get<Inspecting>(session.state);
    const auto count = static_cast<std::uint32_t>(rules.size());
    if (std::exchange(inspecting.of_rules, count) != count) inspecting.asked = 0;
    const Passage passage = routing::pass(rules, facts, inspecting.asked, act);
    if (passage == Passage::undecided) return Progress::lacking;
    if (passage == Passage::accepted) return Progress::done;
    turn_away(slot, step, passage == Passage::dropped);
    return Progress::gone;
}

void Worker::turn_away(SlotIndex slot, Step step, bool silently) {
    const Session& session = sessions_.at(slot);
    routing::Traffic& counted = traffic(frontend(session).shared);
    if (silently) be_silent_on_close(session.client);
    if (step == Step::connection_rules) {
        counted.denied_connections.add();
        drop(slot, silently ? Dropped::by_end : Dropped::by_reset);
    } else if (step == Step::session_rules) {
        counted.denied_sessions.add();
        drop(slot, Dropped::by_end);
    } else {
        counted.denied_requests.add();
        end(slot, routing::EndReason::rejected);
    }
}

void Worker::take_value(Session& session, const Rule& rule, const routing::Sampled& sampled) {
    if (rule.action == RuleAction::expect_proxy) {
        session.expects_proxy = true;
        return;
    }
    if (rule.action == RuleAction::set_log_level) {
        session.log_level = static_cast<LineLevel>(rule.number);
        return;
    }
    if (rule.action == RuleAction::track) return track(session, rule, sampled);
    if (rule.action == RuleAction::increment || rule.action == RuleAction::assign)
        return change_counter(session, rule);
    if (!sampled.value) return;
    if (rule.action == RuleAction::capture) {
        auto& captured = session.put_aside().captured;
        if (captured.size() <= rule.counter) captured.resize(rule.counter + 1);
        captured[rule.counter] = text_of(*sampled.value).substr(0, rule.number);
        return;
    }
    const auto* const address = std::get_if<Address>(&*sampled.value);
    const auto* const number = std::get_if<std::int64_t>(&*sampled.value);
    const auto port = static_cast<std::uint16_t>(number != nullptr ? *number : 0);
    if (rule.action == RuleAction::set_source && address != nullptr) {
        const std::uint16_t kept = session.peer.port;
        session.peer = compact(address->get());
        session.peer.port = kept;
    } else if (rule.action == RuleAction::set_source_port) {
        session.peer.port = port;
    } else {
        const Address before = called_by(session);
        session.put_aside().called =
            address != nullptr ? address->with_port(before.is_ip() ? before.port() : Port{0})
                               : before.with_port(Port{port});
    }
}

Address Worker::called_by(const Session& session) const {
    if (session.aside && session.aside->called) return *session.aside->called;
    return Address::local_of(session.client.get());
}

Worker::Progress Worker::take_proxy_header(SlotIndex slot) {
    Session& session = sessions_.at(slot);
    const auto header = pgwire::read_proxy_header(peek(session));
    if (header.found == pgwire::ProxyHeader::Found::incomplete &&
        !std::get<Inspecting>(session.state).bytes_over)
        return Progress::lacking;
    if (header.found != pgwire::ProxyHeader::Found::yes) {
        end(slot, routing::EndReason::no_proxy_header);
        return Progress::gone;
    }
    // Those bytes are there: the header was just read among them.
    (void)!::recv(session.client.get(), buffer_->bytes, header.size, MSG_DONTWAIT);
    if (header.source.is_ip()) {
        session.peer = compact(header.source.get());
        session.put_aside().called = header.destination;
    }
    session.handshake_ms = static_cast<std::int32_t>(
        std::chrono::duration_cast<milliseconds>(now_ - session.accepted).count());
    return Progress::done;
}

Worker::Progress Worker::choose_its_backend(SlotIndex slot) {
    Session& session = sessions_.at(slot);
    if (frontend(session).rules->backends.empty()) return Progress::done;
    const routing::Chosen chosen = wanted_backend(session, may_settle(session));
    if (chosen.truth == Truth::unknown) return Progress::lacking;
    if (chosen.truth == Truth::yes) {
        session.backend = chosen.backend;
        return Progress::done;
    }
    refuse(slot, routing::EndReason::no_backend);
    return Progress::gone;
}

// By the rules, or the default; `no`: no rule holds, and there is no default.
routing::Chosen Worker::wanted_backend(const Session& session, bool settling) {
    const routing::FrontendRow& front = frontend(session);
    if (!front.rules || front.rules->backends.empty()) return {Truth::yes, front.backend};
    routing::Facts facts = facts_of(session, front.rules->needs_destination);
    facts.backend = front.backend;
    facts.bytes = peek(session);
    facts.may_settle = settling;
    const routing::Chosen chosen = routing::choose_backend(*front.rules, facts);
    if (chosen.truth != Truth::no || !front.has_default) return chosen;
    return {Truth::yes, front.backend};
}

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
                         .may_settle = false,
                         .random = drawn_bits(),
                         .now = now_};
    if (destination) facts.destination = called_by(session);
    if (!session.aside) return facts;
    facts.tracked = &session.aside->tracked;
    facts.over_tls = session.aside->client != nullptr;
    if (facts.over_tls) facts.tls_name = session.aside->client->server_name();
    return facts;
}

// A client waits for first verdicts as long as it would for a server.
bool Worker::may_settle(const Session& session) const {
    const milliseconds limit = backend(session).queue_timeout;
    const bool is_over = limit.count() > 0 && now_ - session.accepted >= limit;
    return now_ < table_->settled_by && backend(session).hold && !is_over;
}

std::span<const std::byte> Worker::peek(const Session& session) {
    if (session.client_speaks_tls()) return session.aside->client->peek(most_inspected);
    const ssize_t got =
        ::recv(session.client.get(), buffer_->bytes, most_inspected, MSG_PEEK | MSG_DONTWAIT);
    return {buffer_->bytes, got > 0 ? static_cast<std::size_t>(got) : 0};
}

void Worker::wait_for_more(SlotIndex slot) {
    watch_client(slot);
    Session& session = sessions_.at(slot);
    if (!session.in_use) return;
    auto& inspecting = std::get<Inspecting>(session.state);
    milliseconds wait = milliseconds::max();
    if (!inspecting.bytes_over) wait = milliseconds(inspecting.bytes_until - now_tick());
    if (may_settle(session)) {
        const auto in_ms = [this](TimePoint at) {
            return std::chrono::ceil<milliseconds>(at - now_);
        };
        wait = std::min(wait, in_ms(table_->settled_by));
        if (const milliseconds limit = backend(session).queue_timeout; limit.count() > 0)
            wait = std::min(wait, in_ms(session.accepted + limit));
        if (!std::exchange(inspecting.is_listed, true))
            unsettled_.push_back({Source::client, session.generation, slot});
    }
    set_timer(slot, wait);
}

void Worker::on_inspected_event(SlotIndex slot, std::uint32_t events) {
    if (events & (EPOLLHUP | EPOLLERR)) return end(slot, routing::EndReason::client_left);
    // A handshake finds the end by itself.
    const Step step = std::get<Inspecting>(sessions_.at(slot).state).step;
    if ((events & EPOLLRDHUP) && step != Step::handshake) {
        if (peek(sessions_.at(slot)).empty()) return end(slot, routing::EndReason::client_left);
        std::get<Inspecting>(sessions_.at(slot).state).bytes_until = now_tick();
    }
    advance(slot);
}

// Servers were judged: who waited for that goes on.
void Worker::advance_unsettled() {
    for (const EventKey& key : std::exchange(unsettled_, {})) {
        Session* const session = sessions_.find(key.slot, key.generation);
        if (session == nullptr) continue;
        auto* const inspecting = std::get_if<Inspecting>(&session->state);
        if (inspecting == nullptr) continue;
        inspecting->is_listed = false;
        advance(key.slot);
    }
}

// A waiting client is asked again where it wants to go: no server of its backend is fit, and the
// rules, or the file after a reload, may send it elsewhere now.
void Worker::choose_backends_again() {
    for (std::size_t i = 0; i < holds_.size(); ++i) {
        const auto id = static_cast<routing::BackendId>(i);
        if (holds_[i].first == no_slot || routing::any_accepts(*table_, id)) continue;
        for (SlotIndex slot = holds_[i].first; slot != no_slot;) {
            Session& session = sessions_.at(slot);
            const SlotIndex next = std::get<Held>(session.state).next;
            move_held(slot);
            slot = next;
        }
    }
}

void Worker::move_held(SlotIndex slot) {
    Session& session = sessions_.at(slot);
    const routing::Chosen wanted = wanted_backend(session, false);
    if (wanted.truth != Truth::yes || wanted.backend == session.backend) return;
    leave_hold(slot);
    if (std::exchange(session.counts_in_backend, false)) backend(session).shared->slots.give_back();
    session.backend = wanted.backend;
    session.has_server = session.avoid_server = false;
    session.waited_ms = -1;
    begin_step(slot, Step::back_content);
    advance(slot);
}

}  // namespace pgsteer::relay
