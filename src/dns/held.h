// Held: what a name stands for over time: what answers bring, for how long it stands while later
// questions fail (`hold`), and how long what newer answers leave out stays. Pure: time is an
// argument. Owned by router/names; control thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "config/resolvers.h"
#include "dns/answer.h"

namespace pgsteer::dns {

class Held {
  public:
    // Answers whether what the name stands for, or why it stands for nothing, changed.
    bool take(const config::Resolvers& holds, const Answer& answer, TimePoint now);
    // Known from elsewhere (the system at start): stands until an answer says otherwise.
    void begin_with(const std::vector<Address>& addresses, TimePoint now);

    bool known() const { return !items_.empty(); }
    std::vector<Address> addresses() const;
    std::vector<Target> targets() const;
    // While it is not known: HAProxy's words, "DNS NX status".
    const std::string& why() const { return why_; }

  private:
    struct Item {
        Address address;
        std::optional<Target> target;
        TimePoint seen;
        std::uint64_t answer = 0;  // the last one it was in
        bool is(const Item& other) const {
            return address == other.address && target == other.target;
        }
    };
    bool take_valid(const config::Resolvers& holds, const Answer& answer, TimePoint now);
    bool see(Item item);

    std::vector<Item> items_;
    std::uint64_t answers_ = 0;
    std::optional<TimePoint> last_valid_;
    std::string why_ = "No IP for server";
};

}  // namespace pgsteer::dns
