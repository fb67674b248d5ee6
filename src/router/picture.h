// Picture: who is the primary of a backend, and what became of its clients when that changed, in
// one line: "pg1 is the primary now (timeline 4, was 3) after 5.2 s without one; 212 sessions cut
// on pg0; 38 waiting clients released in 21 ms". The workers cut and release, so the line waits
// until they have. Pure: time is an argument. Owned by router/control; control thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log_frame.h"
#include "pgwire/lsn.h"

namespace pgsteer::router {

// One backend at one moment.
struct BackendView {
    struct Server {
        std::string name;
        bool is_primary = false;  // and takes sessions
        std::optional<pgwire::Timeline> timeline;
        std::string why;             // it is not fit, in a word or in words
        std::uint64_t cut = 0;       // sessions, since start
        std::uint32_t sessions = 0;  // now
    };
    std::string name;
    std::vector<Server> servers;
    std::uint64_t waiting = 0;   // clients, now
    std::uint64_t released = 0;  // of them, since start
};

class Picture {
  public:
    // Longer than this no line waits for clients to be released.
    static constexpr seconds longest_wait{5};

    // What is to be written now, if anything.
    std::vector<log::Record> look(const BackendView& backend, TimePoint now);
    // Is a line waiting? Then look again soon.
    bool is_unsettled(const std::string& backend) const;

  private:
    struct Primary {
        std::string name;
        std::optional<pgwire::Timeline> timeline;
    };
    struct Release {
        TimePoint began{};
        std::uint64_t waiting = 0;
        std::uint64_t released_then = 0;
    };
    struct Seen {
        std::optional<Primary> primary;  // now
        std::optional<Primary> last;     // the one before, when there is none now
        TimePoint lost_at{};
        std::map<std::string, std::uint64_t> cut_told;  // by server
        std::optional<Release> release;                 // the new primary's line is due
        std::optional<Primary> before;                  // of that line
        Duration without{};                             // likewise
    };
    static log::Record gained(Seen& seen, const BackendView& backend, TimePoint now);
    std::map<std::string, Seen> seen_;  // by backend
};

}  // namespace pgsteer::router
