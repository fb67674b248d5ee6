#include "dns/held.h"

#include <algorithm>

namespace pgsteer::dns {
namespace {

milliseconds hold_of(const config::Resolvers& holds, Status status) {
    switch (status) {
        case Status::nx:
            return holds.hold_nx;
        case Status::refused:
            return holds.hold_refused;
        case Status::timeout:
            return holds.hold_timeout;
        default:
            return holds.hold_other;
    }
}

// snr_update_srv_status in HAProxy's src/server.c.
std::string words(Status status) {
    switch (status) {
        case Status::nx:
            return "DNS NX status";
        case Status::refused:
            return "DNS refused status";
        case Status::timeout:
            return "DNS timeout status";
        default:
            return "unspecified DNS error";
    }
}

}  // namespace

bool Held::see(Item item) {
    const auto found = std::find_if(items_.begin(), items_.end(),
                                    [&](const Item& other) { return other.is(item); });
    if (found == items_.end()) {
        items_.push_back(std::move(item));
        return true;
    }
    const bool other_weight = item.target && item.target->weight != found->target->weight;
    *found = std::move(item);
    return other_weight;
}

bool Held::take_valid(const config::Resolvers& holds, const Answer& answer, TimePoint now) {
    last_valid_ = now;
    ++answers_;
    bool changed = false;
    for (const Address& address : answer.addresses)
        changed = see({address, std::nullopt, now, answers_}) || changed;
    for (const Target& target : answer.targets)
        changed = see({Address(), target, now, answers_}) || changed;
    const auto gone = std::erase_if(items_, [&](const Item& item) {
        return item.answer != answers_ && now - item.seen >= holds.hold_obsolete;
    });
    return changed || gone > 0;
}

bool Held::take(const config::Resolvers& holds, const Answer& answer, TimePoint now) {
    if (answer.status == Status::valid) return take_valid(holds, answer, now);
    if (last_valid_ && now - *last_valid_ < hold_of(holds, answer.status)) return false;
    const bool was_known = !items_.empty();
    items_.clear();
    const std::string before = std::exchange(why_, words(answer.status));
    return was_known || before != why_;
}

void Held::begin_with(const std::vector<Address>& addresses, TimePoint now) {
    items_.clear();
    for (const Address& address : addresses)
        items_.push_back({address, std::nullopt, now, 0});
}

std::vector<Address> Held::addresses() const {
    std::vector<Address> found;
    for (const Item& item : items_)
        if (!item.target) found.push_back(item.address);
    return found;
}

std::vector<Target> Held::targets() const {
    std::vector<Target> found;
    for (const Item& item : items_)
        if (item.target) found.push_back(*item.target);
    return found;
}

}  // namespace pgsteer::dns
