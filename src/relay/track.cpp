// Keys that a client is counted by in stick tables, from the rule that takes them to its end.
#include "relay/worker.h"

namespace pgsteer::relay {

using pgsteer::Stored;

// The first `track-scN` counts; later ones change nothing, as in HAProxy.
void Worker::track(Session& session, const routing::Rule& rule, const routing::Facts& facts) {
    if (session.aside && session.aside->tracked.keys[rule.counter].table) return;
    const routing::Sampled sampled = rule.sample.fetch(facts, rule.sample.arguments);
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

void Worker::release_tracked(Session& session) {
    if (!session.aside) return;
    const auto* const relaying = std::get_if<Relaying>(&session.state);
    const auto in = static_cast<std::int64_t>(relaying != nullptr ? relaying->up.bytes : 0);
    const auto out = static_cast<std::int64_t>(relaying != nullptr ? relaying->down.bytes : 0);
    for (auto& key : session.aside->tracked.keys) {
        if (!key.table) continue;
        key.table->count(*key.entry,
                         {{Stored::conn_cur, -1},
                          {Stored::bytes_in_cnt, in},
                          {Stored::bytes_out_cnt, out}},
                         now_);
        key.table->release(*key.entry, now_);
        key = {};
    }
}

}  // namespace pgsteer::relay
