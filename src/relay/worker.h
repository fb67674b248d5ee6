// Worker: one thread of the data plane, with its own epoll loop, listeners and sessions. It
// accepts, picks a server from the table it last received, connects and relays; it decides nothing
// about servers. Made by DataPlane; every function but the constructor runs on the worker's own
// thread.
//
// The walk of a session through the files: accept.cpp -> (admit.cpp: rules) -> seek.cpp (choose,
// hold, connect) -> transfer.cpp (relay) -> finish.cpp (refuse, end). worker.cpp is the loop;
// secure.cpp is TLS, track.cpp counts in stick tables.
#pragma once

#include <sys/epoll.h>

#include <memory>
#include <random>
#include <span>
#include <vector>

#include "relay/channel.h"
#include "relay/data_plane.h"
#include "relay/release_pace.h"
#include "relay/session.h"
#include "relay/spare_sockets.h"
#include "routing/rules.h"

namespace pgsteer::relay {

class Worker {
  public:
    Worker(routing::WorkerId id, Fellows& fellows);
    // Errors at start: epoll could not be set up.
    Result<void> prepare();
    void run();

  private:
    // One that is gone stays in its place until the last session that came in there has ended.
    struct ListenState {
        std::shared_ptr<const Listener> listener;  // null: the place is free
        bool gone = false;
        std::uint32_t sessions = 0;
        bool watched = false;
        bool closed = false;     // `disable frontend`
        bool was_ready = false;  // had clients in the last loop, too: a burst
        std::uint32_t batch = 1;
    };
    struct HoldQueue {
        SlotIndex first = no_slot;
        SlotIndex last = no_slot;
        ReleasePace pace;
    };

    // worker.cpp
    void loop_once();
    void dispatch(const epoll_event& event);
    void on_wake();
    void adopt_newest();
    void end_what_is_cut(const routing::RoutingTable& before);
    void expire_timers();
    void pump_unfinished();
    Tick now_tick() const;
    void set_timer(SlotIndex slot, milliseconds span);
    bool watch(int fd, std::uint32_t events, EventKey key);
    std::uint32_t drawn_bits() { return static_cast<std::uint32_t>(random_()); }

    // accept.cpp
    void watch_listener(std::size_t index);
    void unwatch_listener(std::size_t index);
    void accept_batch(std::size_t index);
    enum class Accepted { one, none, failed, at_limit };
    Accepted accept_one(std::size_t index);
    bool take_accept_slots(const routing::FrontendRow& frontend);
    void give_back_accept_slots(routing::FrontendId frontend);
    void adopt_listeners();
    void take_last_clients(std::size_t index);
    void let_go(std::size_t index);
    void open_and_close_listeners();
    void resume_listeners();
    void on_accept_failure(std::size_t index, int error_number);
    void count_session(Session& session);
    const std::shared_ptr<routing::Shared>& counted_listener(const Session& session) const;

    // admit.cpp
    void admit(SlotIndex slot);
    void begin_step(SlotIndex slot, Inspecting::Step step);
    void advance(SlotIndex slot);
    enum class Progress { done, lacking, gone };
    Progress take_step(SlotIndex slot);
    Progress pass(SlotIndex slot, const std::vector<routing::Rule>& rules, bool destination);
    void turn_away(SlotIndex slot, Inspecting::Step step, bool silently);
    Address called_by(const Session& session) const;
    void take_value(Session& session, const routing::Rule& rule, const routing::Sampled& sampled);
    Progress take_proxy_header(SlotIndex slot);
    Progress choose_its_backend(SlotIndex slot);
    routing::Chosen wanted_backend(const Session& session, bool settling);
    routing::Facts facts_of(const Session& session, bool destination);
    bool may_settle(const Session& session) const;
    std::span<const std::byte> peek(const Session& session);
    void wait_for_more(SlotIndex slot);
    void on_inspected_event(SlotIndex slot, std::uint32_t events);
    void advance_unsettled();
    void choose_backends_again();
    void move_held(SlotIndex slot);

    // secure.cpp
    bool server_speaks_tls(const Session& session) const;
    void begin_server_tls(SlotIndex slot);
    std::string server_name(const Session& session);
    void shake_hands_with_server(SlotIndex slot);
    void report_failed_connect(Session& session, int error_number);
    Progress take_handshake(SlotIndex slot);
    void on_tls_event(SlotIndex slot, Source source, std::uint32_t events);
    // As recv and send.
    static ssize_t peek_client(const Session& session, std::span<std::byte> room);
    static ssize_t read_client(const Session& session, std::span<std::byte> room);
    static ssize_t write_client(const Session& session, std::string_view text);
    static void end_client(const Session& session);

    // track.cpp
    void track(Session& session, const routing::Rule& rule, const routing::Sampled& sampled);
    void change_counter(const Session& session, const routing::Rule& rule);
    void count_tracked(const Session& session);
    void begin_counting_bytes(SlotIndex slot);
    void count_bytes_of_all();
    void count_bytes(Session& session);
    void release_tracked(Session& session);

    // seek.cpp
    void seek(SlotIndex slot);
    void count_in_backend(Session& session);
    std::optional<routing::ServerId> take_server(Session& session);
    routing::ChosenServer server_by_rule(const Session& session);
    bool row_takes(routing::ServerId id) const;
    bool may_wait_for(const Session& session, routing::ServerId id) const;
    void keep_server(const Session& session);
    bool take_slot(Session& session, routing::ServerId id);
    bool take_next_address(Session& session);
    bool begin_connect(SlotIndex slot);
    UniqueFd dial_server(SlotIndex slot, const Address& address);
    void connect_failed(SlotIndex slot, int error_number);
    void count_retry(routing::ServerId failed, const Session& session);
    bool may_try_again_now(const Session& session) const;
    void hold(SlotIndex slot, milliseconds pause);
    void leave_hold(SlotIndex slot);
    void publish_oldest(routing::BackendId backend);
    void serve_held(routing::BackendId backend);
    void serve_all_held();
    void give_back_slot(Session& session);
    bool names_servers(routing::BackendId id) const;
    void wake_next(routing::Shared& shared);
    void on_connect_event(SlotIndex slot, std::uint32_t events);
    void on_held_event(SlotIndex slot, std::uint32_t events);

    // transfer.cpp
    void begin_relay(SlotIndex slot);
    void announce(const Session& session, Relaying& relaying);
    Pumped pump_once(Session& session, Source from);
    void on_relay_event(SlotIndex slot, Source source, std::uint32_t events);
    bool take_hang_up(SlotIndex slot, Source source, std::uint32_t events);
    void look_for_password_request(Relaying& relaying, std::uint64_t moved) const;
    bool pump_up(SlotIndex slot);    // false: the session has ended
    bool pump_down(SlotIndex slot);  // false: the session has ended
    bool after_pump(SlotIndex slot, Pumped pumped, Source from);
    bool on_ended_pipe(SlotIndex slot, Source from);
    void watch_client(SlotIndex slot);
    void wait_for_room(SlotIndex slot, Source sink);
    void on_relay_timer(SlotIndex slot);
    milliseconds relay_timeout(const Session& session, const Relaying& relaying) const;

    // tell.cpp
    routing::SessionEnded facts_for_log(const Session& session, routing::Moment moment) const;
    void tell_accepted(const Session& session);
    void tell_connected(Session& session);
    static bool is_silent(const Session& session);

    // show.cpp
    routing::SessionLine line_of(SlotIndex slot);
    void answer_operator();

    // finish.cpp
    void refuse(SlotIndex slot, routing::EndReason reason);
    void on_closing_event(SlotIndex slot, std::uint32_t events);
    void answer_first_packet(SlotIndex slot);
    std::string refusal(const Session& session, routing::EndReason reason) const;
    void end(SlotIndex slot, routing::EndReason reason);
    void close_server(const Session& session, Relaying& relaying, routing::EndReason reason);
    void leave_listener(const Session& session);
    enum class Dropped { by_reset, by_end };
    void drop(SlotIndex slot, Dropped how);
    void count_end(const Session& session, routing::EndReason reason);
    void end_all(routing::EndReason reason);

    const routing::ServerRow& row(const Session& session) const {
        return table_->at(session.server);
    }
    const routing::BackendRow& backend(const Session& session) const {
        return table_->at(session.backend);
    }
    const routing::FrontendRow& frontend(const Session& session) const {
        return table_->at(session.frontend);
    }
    routing::Traffic& traffic(const std::shared_ptr<routing::Shared>& shared) const {
        return shared->of(id_);
    }

    routing::WorkerId id_;
    Fellows& fellows_;
    Channel& channel_;
    std::shared_ptr<const routing::RoutingTable> table_;
    UniqueFd epoll_;
    std::shared_ptr<const Listeners> newest_listeners_;
    std::vector<ListenState> listeners_;
    TimePoint accept_again_{never};  // after EMFILE and its like
    SessionSlots sessions_;
    TimerWheel timers_;
    ChunkPool chunks_;
    SpareSockets spares_;
    std::unique_ptr<Chunk> buffer_ = std::make_unique<Chunk>();
    std::vector<HoldQueue> holds_;      // by BackendId
    std::vector<EventKey> unfinished_;  // pipes that had their turn and have more
    std::vector<EventKey> unsettled_;   // clients whose rules wait for first verdicts
    std::vector<EventKey> counting_;    // sessions whose bytes stick tables count
    TimePoint count_bytes_at_{};        // valid unless there are none
    std::vector<SlotIndex> due_;
    std::vector<epoll_event> events_;
    bool release_due_ = false;  // clients wait for their turn to be let go, a millisecond from now
    bool own_bell_ = false;     // a slot was freed that a client of this worker waits for
    TimePoint started_ = Clock::now();
    TimePoint now_ = started_;
    std::minstd_rand random_;
};

// Idle bound of a half-closed session where `timeout client-fin` or `server-fin` is not set.
inline constexpr milliseconds default_fin_timeout{5000};
// How long a PROXY header may take to come. HAProxy waits `timeout client`, half an hour in most
// files; the proxy in front sends it at once.
inline constexpr milliseconds proxy_header_limit{10'000};
// A round of failed connects is followed by this pause, unless a new table comes first.
inline constexpr milliseconds connect_pause{100};
// Between two times that stick tables are told of bytes.
inline constexpr milliseconds counting_pause{1000};
// How long a refused client may take to say hello and to hang up.
inline constexpr milliseconds refusal_limit{1000};
// Pause after accept() failed for lack of descriptors or memory.
inline constexpr milliseconds accept_pause{100};

}  // namespace pgsteer::relay
