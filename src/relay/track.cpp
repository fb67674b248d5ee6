// Keys that a client is counted by in stick tables, from the rule that takes them to its end.
#include <algorithm>

#include "relay/worker.h"

namespace pgsteer::relay {

using pgsteer::Stored;

// The first `track-scN` counts; later ones change nothing, as in HAProxy.
void Worker::track(Session& session, const routing::Rule& rule, const routing::Sampled& sampled) {
    if (session.aside && session.aside->tracked.keys[rule.counter].table) return;
    const auto key = sampled.value && rule.table
                         ? routing::key_of(rule.table->spec(), *sampled.value)
                         : std::nullopt;
    if (!key) return;
    routing::StickTable::Entry* const entry = rule.table->hold(*key, now_);
    if (entry == nullptr) return;  // full: what is not counted is not limited, as in HAProxy
    session.put_aside().tracked.keys[rule.counter] = {rule.table, entry};
    rule.table->count(*entry, {{Stored::conn_cnt}, {Stored::conn_cur}}, now_);
}

void Worker::change_counter(const Session& session, const routing::Rule& rule) {
    if (!session.aside) return;
    const auto& key = session.aside->tracked.keys[rule.counter];
    if (!key.table) return;
    if (rule.action == RuleAction::assign)
        key.table->assign(*key.entry, Stored::gpt0, rule.number, now_);
    else
        key.table->count(*key.entry, {{rule.second ? Stored::gpc1 : Stored::gpc0}}, now_);
}

// It is a session now.
void Worker::count_tracked(const Session& session) {
    if (!session.aside) return;
    for (const auto& key : session.aside->tracked.keys)
        if (key.table) key.table->count(*key.entry, {{Stored::sess_cnt}}, now_);
}

// A session can last for days: its bytes are told to its tables every second. Only those that track
// a key in a table with such a column are in the list.
void Worker::begin_counting_bytes(SlotIndex slot) {
    const Session& session = sessions_.at(slot);
    if (!session.aside) return;
    const auto& keys = session.aside->tracked.keys;
    const bool counts = std::any_of(keys.begin(), keys.end(), [](const auto& key) {
        return key.table &&
               (key.table->has(Stored::bytes_in_cnt) || key.table->has(Stored::bytes_in_rate) ||
                key.table->has(Stored::bytes_out_cnt) || key.table->has(Stored::bytes_out_rate));
    });
    if (!counts) return;
    if (counting_.empty()) count_bytes_at_ = now_ + counting_pause;
    counting_.push_back({Source::client, session.generation, slot});
}

void Worker::count_bytes_of_all() {
    count_bytes_at_ = now_ + counting_pause;
    std::erase_if(counting_, [this](const EventKey& key) {
        Session* const session = sessions_.find(key.slot, key.generation);
        if (session != nullptr) count_bytes(*session);
        return session == nullptr;
    });
}

void Worker::count_bytes(Session& session) {
    const auto* const relaying = std::get_if<Relaying>(&session.state);
    if (relaying == nullptr) return;
    Aside& aside = *session.aside;
    const std::uint64_t in =
        relaying->up.bytes - std::exchange(aside.counted_in, relaying->up.bytes);
    const std::uint64_t out =
        relaying->down.bytes - std::exchange(aside.counted_out, relaying->down.bytes);
    if (in == 0 && out == 0) return;
    for (const auto& key : aside.tracked.keys)
        if (key.table)
            key.table->count(*key.entry,
                             {{Stored::bytes_in_cnt, static_cast<std::int64_t>(in)},
                              {Stored::bytes_out_cnt, static_cast<std::int64_t>(out)}},
                             now_);
}

void Worker::release_tracked(Session& session) {
    if (!session.aside) return;
    count_bytes(session);
    for (auto& key : session.aside->tracked.keys) {
        if (!key.table) continue;
        key.table->count(*key.entry, {{Stored::conn_cur, -1}}, now_);
        key.table->release(*key.entry, now_);
        key = {};
    }
}

}  // namespace pgsteer::relay
