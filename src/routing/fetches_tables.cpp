// Fetches about stick tables: of the keys that a client is tracked by, and of its address.
#include <array>

#include "routing/fetch_values.h"
#include "routing/stick_table.h"

namespace pgsteer::routing {
namespace {

const TrackedKeys::Key* tracked(const Facts& facts, const Arguments& arguments) {
    if (facts.tracked == nullptr || arguments.numbers.empty()) return nullptr;
    const auto& key = facts.tracked->keys[static_cast<std::size_t>(arguments.numbers[0])];
    return key.table ? &key : nullptr;
}

// "sc_conn_rate(0,other)": the tracked key is looked up in another table, whose keys are as long.
// An entry that is not there counts 0 of everything.
bool is_elsewhere(const TrackedKeys::Key& key, const Arguments& arguments) {
    return arguments.table && arguments.table != key.table;
}
std::optional<std::uint64_t> elsewhere(const TrackedKeys::Key& key, const Arguments& arguments,
                                       Stored what, TimePoint now) {
    return arguments.table->value_of(StickTable::key(*key.entry), what, now);
}

// What a table does not count is 0, as in HAProxy.
template <Stored what, std::uint64_t unit = 1>
Sampled sc_value(const Facts& facts, const Arguments& arguments) {
    const auto* const key = tracked(facts, arguments);
    if (key == nullptr) return {};
    const auto value = is_elsewhere(*key, arguments)
                           ? elsewhere(*key, arguments, what, facts.now)
                           : key->table->value(*key->entry, what, facts.now);
    return integer(value.value_or(0) / unit);
}

template <Stored what, std::uint64_t unit = 1>
Sampled src_value(const Facts& facts, const Arguments& arguments) {
    if (!arguments.table) return {};
    const auto key = key_of(arguments.table->spec(), Value(facts.client));
    if (!key) return {};
    return integer(arguments.table->value_of(*key, what, facts.now).value_or(0) / unit);
}

enum class Change { increment, clear };

// Answers the value after an increment, and before a clearing.
template <Stored what, Change change>
Sampled changed(StickTable& table, StickTable::Entry& entry, TimePoint now) {
    const std::uint64_t before = table.value(entry, what, now).value_or(0);
    if (change == Change::clear)
        table.assign(entry, what, 0, now);
    else
        table.count(entry, {{what, 1}}, now);
    return integer(change == Change::clear ? before : table.value(entry, what, now).value_or(0));
}

template <Stored what, Change change>
Sampled sc_change(const Facts& facts, const Arguments& arguments) {
    const auto* const key = tracked(facts, arguments);
    if (key == nullptr) return {};
    if (!is_elsewhere(*key, arguments))
        return changed<what, change>(*key->table, *key->entry, facts.now);
    StickTable& table = *arguments.table;
    StickTable::Entry* const entry = table.hold_known(StickTable::key(*key->entry), facts.now);
    if (entry == nullptr) return integer(std::uint64_t{0});
    const Sampled sampled = changed<what, change>(table, *entry, facts.now);
    table.release(*entry, facts.now);
    return sampled;
}

template <Stored what, Change change>
Sampled src_change(const Facts& facts, const Arguments& arguments) {
    if (!arguments.table || !facts.client.is_ip()) return {};
    StickTable& table = *arguments.table;
    const auto key = key_of(table.spec(), Value(facts.client));
    StickTable::Entry* const entry = key ? table.hold(*key, facts.now) : nullptr;
    if (entry == nullptr) return {};
    const Sampled sampled = changed<what, change>(table, *entry, facts.now);
    table.release(*entry, facts.now);
    return sampled;
}

Sampled sc_tracked(const Facts& facts, const Arguments& arguments) {
    const auto* const key = tracked(facts, arguments);
    if (key == nullptr || !is_elsewhere(*key, arguments)) return truth(key != nullptr);
    return truth(elsewhere(*key, arguments, Stored::conn_cnt, facts.now).has_value());
}

Sampled sc_trackers(const Facts& facts, const Arguments& arguments) {
    const auto* const key = tracked(facts, arguments);
    if (key == nullptr) return {};
    if (!is_elsewhere(*key, arguments))
        return integer(std::uint64_t{key->table->users(*key->entry)});
    StickTable& table = *arguments.table;
    StickTable::Entry* const entry = table.hold_known(StickTable::key(*key->entry), facts.now);
    if (entry == nullptr) return integer(std::uint64_t{0});
    const std::uint32_t users = table.users(*entry) - 1;
    table.release(*entry, facts.now);
    return integer(std::uint64_t{users});
}

constexpr std::array functions{
    FetchFunction{"sc_bytes_in_rate", sc_value<Stored::bytes_in_rate>},
    FetchFunction{"sc_bytes_out_rate", sc_value<Stored::bytes_out_rate>},
    FetchFunction{"sc_clr_gpc0", sc_change<Stored::gpc0, Change::clear>},
    FetchFunction{"sc_clr_gpc1", sc_change<Stored::gpc1, Change::clear>},
    FetchFunction{"sc_conn_cnt", sc_value<Stored::conn_cnt>},
    FetchFunction{"sc_conn_cur", sc_value<Stored::conn_cur>},
    FetchFunction{"sc_conn_rate", sc_value<Stored::conn_rate>},
    FetchFunction{"sc_get_gpc0", sc_value<Stored::gpc0>},
    FetchFunction{"sc_get_gpc1", sc_value<Stored::gpc1>},
    FetchFunction{"sc_get_gpt0", sc_value<Stored::gpt0>},
    FetchFunction{"sc_gpc0_rate", sc_value<Stored::gpc0_rate>},
    FetchFunction{"sc_gpc1_rate", sc_value<Stored::gpc1_rate>},
    FetchFunction{"sc_inc_gpc0", sc_change<Stored::gpc0, Change::increment>},
    FetchFunction{"sc_inc_gpc1", sc_change<Stored::gpc1, Change::increment>},
    FetchFunction{"sc_kbytes_in", sc_value<Stored::bytes_in_cnt, 1024>},
    FetchFunction{"sc_kbytes_out", sc_value<Stored::bytes_out_cnt, 1024>},
    FetchFunction{"sc_sess_cnt", sc_value<Stored::sess_cnt>},
    FetchFunction{"sc_sess_rate", sc_value<Stored::sess_rate>},
    FetchFunction{"sc_tracked", sc_tracked},
    FetchFunction{"sc_trackers", sc_trackers},
    FetchFunction{"src_bytes_in_rate", src_value<Stored::bytes_in_rate>},
    FetchFunction{"src_bytes_out_rate", src_value<Stored::bytes_out_rate>},
    FetchFunction{"src_clr_gpc0", src_change<Stored::gpc0, Change::clear>},
    FetchFunction{"src_clr_gpc1", src_change<Stored::gpc1, Change::clear>},
    FetchFunction{"src_conn_cnt", src_value<Stored::conn_cnt>},
    FetchFunction{"src_conn_cur", src_value<Stored::conn_cur>},
    FetchFunction{"src_conn_rate", src_value<Stored::conn_rate>},
    FetchFunction{"src_get_gpc0", src_value<Stored::gpc0>},
    FetchFunction{"src_get_gpc1", src_value<Stored::gpc1>},
    FetchFunction{"src_get_gpt0", src_value<Stored::gpt0>},
    FetchFunction{"src_gpc0_rate", src_value<Stored::gpc0_rate>},
    FetchFunction{"src_gpc1_rate", src_value<Stored::gpc1_rate>},
    FetchFunction{"src_inc_gpc0", src_change<Stored::gpc0, Change::increment>},
    FetchFunction{"src_inc_gpc1", src_change<Stored::gpc1, Change::increment>},
    FetchFunction{"src_kbytes_in", src_value<Stored::bytes_in_cnt, 1024>},
    FetchFunction{"src_kbytes_out", src_value<Stored::bytes_out_cnt, 1024>},
    FetchFunction{"src_sess_cnt", src_value<Stored::sess_cnt>},
    FetchFunction{"src_sess_rate", src_value<Stored::sess_rate>},
    FetchFunction{"src_updt_conn_cnt", src_change<Stored::conn_cnt, Change::increment>},
};

}  // namespace

std::span<const FetchFunction> table_fetches() {
    return functions;
}

}  // namespace pgsteer::routing
