// Session: one client and what is being done for it. A variant of five states, each with exactly
// its own fields; Worker::end() is the only way out. Lives in a slot of its worker's SessionSlots;
// epoll carries slot and generation, so that a late event of a dead session is known by its number.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "base/address.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/line_level.h"
#include "relay/aside.h"
#include "relay/peer.h"
#include "relay/pipe.h"
#include "relay/timer_wheel.h"
#include "routing/report.h"
#include "routing/table.h"

namespace pgsteer::relay {

struct Starting {};

// Waits for a server: none fit, all full, or a pause after failed connects.
struct Held {
    SlotIndex previous = no_slot;  // in its backend's queue on this worker
    SlotIndex next = no_slot;
    routing::Ticket ticket = 0;
    Tick not_before = 0;  // pause after a round of failed connects
    bool awaits_server = false;
    routing::ServerId awaited{};  // valid while awaits_server
};

struct Connecting {
    UniqueFd server;
    Tick deadline = 0;
};

struct Relaying {
    UniqueFd server;
    Pipe up;    // client to server
    Pipe down;  // server to client
    Tick last_activity = 0;
    // What the client had sent when the server asked for its password, plus 1; 0: it did not.
    std::uint32_t asked_at = 0;
    bool client_gone = false;  // its FIN was seen, read or not
    bool server_ended_first = false;
};

// Gets an error message instead of a server, then the connection ends.
struct Closing {
    routing::EndReason reason{};
    bool told = false;  // the message is sent; only the client's end is waited for
    Tick deadline = 0;
};

// On its way through the rules; stays at a step while bytes or first verdicts are lacking.
struct Inspecting {
    enum class Step : std::uint8_t {  // in this order
        connection_rules,
        proxy_header,
        handshake,
        session_rules,
        front_content,
        backend_choice,
        back_content,
    };
    Step step{};
    bool bytes_over = false;  // no more bytes are waited for
    bool is_listed = false;   // among the worker's `unsettled_`
    Tick bytes_until = 0;
    // Rules of this step that were asked already, of so many: what they do is done once.
    std::uint32_t asked = 0;
    std::uint32_t of_rules = 0;
};

using State = std::variant<Starting, Held, Connecting, Relaying, Closing, Inspecting>;

struct Session {
    State state;
    TimePoint accepted;
    UniqueFd client;
    std::uint32_t generation = 0;
    CompactPeer peer;
    std::uint16_t listener = 0;    // of its worker's
    std::unique_ptr<Aside> aside;  // mostly null
    routing::FrontendId frontend{};
    routing::BackendId backend{};
    routing::ServerId server{};        // valid while has_server
    routing::Version chosen_from = 0;  // the table `server` was chosen from
    Tick held_since = 0;               // valid while was_held
    std::int32_t waited_ms = -1;
    std::int32_t connecting_ms = -1;
    std::int32_t handshake_ms = 0;
    std::uint32_t number = 0;          // which of the process, where the log shows it
    std::uint32_t released_then = 0;   // from its backend's queue when it came there
    std::uint32_t queue_position = 0;  // how many went before it
    std::uint16_t retries = 0;         // connects beyond the first
    std::uint16_t round = 0;           // connects since the last pause
    std::uint8_t timeouts = 0;         // connects that ran into `timeout connect`
    std::uint8_t address = 0;          // index into the row's addresses
    std::uint8_t server_family = 0;    // of the socket to its server; 0: not to be used again
    bool in_use = false;
    bool expects_proxy = false;  // its first bytes are a PROXY header
    bool has_server = false;
    bool has_slot = false;  // counts in its server's limit
    bool was_held = false;
    bool client_watched = false;     // registered with epoll
    bool counts_in_backend = false;  // holds a slot of its backend's count
    bool avoid_server = false;       // `server` just failed: prefer another
    bool redispatched = false;       // another was tried before `server`
    bool told = false;               // the log has its line
    bool awaits_server = false;      // `server` is full, and no other will do
    LineLevel log_level = LineLevel::as_usual;

    Aside& put_aside() {
        if (!aside) aside = std::make_unique<Aside>();
        return *aside;
    }
    bool client_speaks_tls() const { return aside && aside->client; }
    bool any_tls() const { return aside && (aside->client || aside->server); }
};

// Sessions by slot. Addresses are stable; a freed slot is used again with a new generation.
class SessionSlots {
  public:
    SlotIndex take() {
        if (free_.empty()) {
            slots_.emplace_back();
            free_.push_back(static_cast<SlotIndex>(slots_.size() - 1));
        }
        const SlotIndex slot = free_.back();
        free_.pop_back();
        slots_[slot].in_use = true;
        ++used_;
        return slot;
    }
    void give_back(SlotIndex slot) {
        const std::uint32_t generation = slots_[slot].generation;
        slots_[slot] = Session{};
        slots_[slot].generation = (generation + 1) & generation_mask;
        free_.push_back(slot);
        --used_;
    }
    Session& at(SlotIndex slot) { return slots_[slot]; }
    // Null when the slot is free or has another session by now.
    Session* find(SlotIndex slot, std::uint32_t generation) {
        if (slot >= slots_.size()) return nullptr;
        Session& session = slots_[slot];
        return session.in_use && session.generation == generation ? &session : nullptr;
    }
    std::size_t size() const { return slots_.size(); }
    std::size_t used() const { return used_; }

    static constexpr std::uint32_t generation_mask = (1U << 30) - 1;

  private:
    std::deque<Session> slots_;
    std::vector<SlotIndex> free_;
    std::size_t used_ = 0;
};

// What an epoll event belongs to, packed into its 64 bits of user data.
enum class Source : std::uint8_t { wake, listener, client, server };
struct EventKey {
    Source source{};
    std::uint32_t generation = 0;
    SlotIndex slot = 0;

    std::uint64_t pack() const {
        return static_cast<std::uint64_t>(source) << 62 |
               static_cast<std::uint64_t>(generation) << 32 | slot;
    }
    static EventKey unpack(std::uint64_t bits) {
        return {static_cast<Source>(bits >> 62),
                static_cast<std::uint32_t>(bits >> 32) & SessionSlots::generation_mask,
                static_cast<SlotIndex>(bits)};
    }
};

}  // namespace pgsteer::relay
