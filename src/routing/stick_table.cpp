#include "routing/stick_table.h"

#include <algorithm>
#include <cstring>

namespace pgsteer::routing {

struct StickTable::Entry {
    std::string_view key;  // of the map
    TimePoint expires = never;
    std::uint32_t users = 0;
    StuckTo server;
    std::array<std::uint64_t, stored_names.size()> counts{};
    std::array<PeriodRate, stored_names.size()> rates{};
    std::list<Entry*>::iterator place;
};

namespace {

constexpr std::size_t index(Stored what) {
    return static_cast<std::size_t>(what);
}

// A counter and the rate of it go together.
std::optional<Stored> rate_of(Stored what) {
    switch (what) {
        case Stored::gpc0:
            return Stored::gpc0_rate;
        case Stored::gpc1:
            return Stored::gpc1_rate;
        case Stored::conn_cnt:
            return Stored::conn_rate;
        case Stored::sess_cnt:
            return Stored::sess_rate;
        case Stored::bytes_in_cnt:
            return Stored::bytes_in_rate;
        case Stored::bytes_out_cnt:
            return Stored::bytes_out_rate;
        default:
            return std::nullopt;
    }
}

bool compares(std::uint64_t number, StickTable::Filter::Is is, std::uint64_t other) {
    using Is = StickTable::Filter::Is;
    switch (is) {
        case Is::equal:
            return number == other;
        case Is::unequal:
            return number != other;
        case Is::at_most:
            return number <= other;
        case Is::at_least:
            return number >= other;
        case Is::below:
            return number < other;
        case Is::above:
            return number > other;
    }
    return false;
}

// HAProxy's order of what is shown.
bool before(const TableSpec& spec, std::string_view a, std::string_view b) {
    if (spec.type != KeyType::integer) return a < b;
    std::uint32_t first = 0, second = 0;
    std::memcpy(&first, a.data(), sizeof first);
    std::memcpy(&second, b.data(), sizeof second);
    return first < second;
}

}  // namespace

void PeriodRate::add(TimePoint now, milliseconds period, std::uint64_t n) {
    const auto elapsed = now - began_;
    if (elapsed >= 2 * period) {
        previous_ = current_ = 0;
        began_ = now;
    } else if (elapsed >= period) {
        previous_ = std::exchange(current_, 0);
        began_ += period;
    }
    current_ += n;
}

void PeriodRate::set(TimePoint now, std::uint64_t n) {
    began_ = now;
    current_ = 0;
    previous_ = n;
}

std::uint64_t PeriodRate::get(TimePoint now, milliseconds period) const {
    const auto span = static_cast<std::uint64_t>(period.count());
    std::uint64_t past = previous_, current = current_;
    auto left = std::chrono::duration_cast<milliseconds>(began_ + period - now).count();
    if (left < 0) {
        past = std::exchange(current, 0);
        left += period.count();
        if (left < 0) return 0;
    }
    if (current == 0 && past <= 1) return past;
    return (past * static_cast<std::uint64_t>(left) + current * span) / span;
}

StickTable::StickTable(std::string name, TableSpec spec)
    : name_(std::move(name)), spec_(std::move(spec)) {}

StickTable::~StickTable() = default;

const TableSpec::Column* StickTable::column(Stored what) const {
    const auto found = std::find_if(spec_.columns.begin(), spec_.columns.end(),
                                    [what](const auto& column) { return column.what == what; });
    return found == spec_.columns.end() ? nullptr : &*found;
}

bool StickTable::has(Stored what) const {
    return column(what) != nullptr;
}

std::optional<StuckTo> StickTable::server_of(std::string_view key, TimePoint now) {
    const std::lock_guard lock(mutex_);
    Entry* const entry = find(key, now);
    if (entry == nullptr) return std::nullopt;
    touch(*entry, now);
    if (entry->server.number == 0) return std::nullopt;
    return entry->server;
}

bool StickTable::keep(std::string_view key, StuckTo server, TimePoint now) {
    const std::lock_guard lock(mutex_);
    Entry* const entry = make(key, now);
    if (entry == nullptr) return false;
    entry->server = std::move(server);
    return true;
}

StickTable::Entry* StickTable::hold(std::string_view key, TimePoint now) {
    const std::lock_guard lock(mutex_);
    Entry* const entry = make(key, now);
    if (entry != nullptr) ++entry->users;
    return entry;
}

StickTable::Entry* StickTable::hold_known(std::string_view key, TimePoint now) {
    const std::lock_guard lock(mutex_);
    Entry* const entry = find(key, now);
    if (entry != nullptr) ++entry->users;
    return entry;
}

std::string_view StickTable::key(const Entry& entry) {
    return entry.key;
}

void StickTable::release(Entry& entry, TimePoint now) {
    const std::lock_guard lock(mutex_);
    --entry.users;
    touch(entry, now);
}

void StickTable::count(Entry& entry, std::initializer_list<Gain> gains, TimePoint now) {
    const std::lock_guard lock(mutex_);
    for (const Gain& gain : gains) {
        // A table made anew from a reload may have lost what was counted up before.
        std::uint64_t& number = entry.counts[index(gain.what)];
        const auto down = static_cast<std::uint64_t>(gain.by < 0 ? -gain.by : 0);
        number = gain.by >= 0 ? number + static_cast<std::uint64_t>(gain.by)
                              : number - std::min(number, down);
        const auto rate = rate_of(gain.what);
        const TableSpec::Column* const its = rate ? column(*rate) : nullptr;
        if (its != nullptr && gain.by > 0)
            entry.rates[index(*rate)].add(now, its->period, static_cast<std::uint64_t>(gain.by));
    }
    touch(entry, now);
}

std::uint64_t StickTable::get(const Entry& entry, Stored what, TimePoint now) const {
    if (what == Stored::server_id) return entry.server.number;
    const TableSpec::Column* const its = column(what);
    if (its != nullptr && name_of(what).is_rate)
        return entry.rates[index(what)].get(now, its->period);
    return entry.counts[index(what)];
}

std::optional<std::uint64_t> StickTable::value(const Entry& entry, Stored what,
                                               TimePoint now) const {
    const std::lock_guard lock(mutex_);
    if (column(what) == nullptr) return std::nullopt;
    return get(entry, what, now);
}

std::optional<std::uint64_t> StickTable::value_of(std::string_view key, Stored what,
                                                  TimePoint now) {
    const std::lock_guard lock(mutex_);
    if (column(what) == nullptr) return std::nullopt;
    const Entry* const entry = find(key, now);
    if (entry == nullptr) return std::nullopt;
    return get(*entry, what, now);
}

void StickTable::assign(Entry& entry, Stored what, std::uint64_t value, TimePoint now) {
    const std::lock_guard lock(mutex_);
    if (name_of(what).is_rate)
        entry.rates[index(what)].set(now, value);
    else
        entry.counts[index(what)] = value;
    touch(entry, now);
}

std::uint32_t StickTable::users(const Entry& entry) const {
    const std::lock_guard lock(mutex_);
    return entry.users;
}

StickTable::Entry* StickTable::find(std::string_view key, TimePoint now) {
    const auto found = entries_.find(key);
    if (found == entries_.end()) return nullptr;
    Entry* const entry = found->second.get();
    if (entry->expires > now || entry->users > 0) return entry;
    by_use_.erase(entry->place);
    entries_.erase(found);
    return nullptr;
}

StickTable::Entry* StickTable::make(std::string_view key, TimePoint now) {
    if (Entry* const entry = find(key, now)) {
        touch(*entry, now);
        return entry;
    }
    drop_expired(now);
    if (entries_.size() >= spec_.size && !make_room()) return nullptr;
    const auto [made, is_new] = entries_.emplace(std::string(key), std::make_unique<Entry>());
    Entry* const entry = made->second.get();
    entry->key = made->first;
    entry->place = by_use_.insert(by_use_.end(), entry);
    touch(*entry, now);
    return entry;
}

// All live equally long, so the order of use is the order of expiry.
void StickTable::touch(Entry& entry, TimePoint now) {
    if (spec_.expire.count() > 0) entry.expires = after(now, spec_.expire);
    by_use_.splice(by_use_.end(), by_use_, entry.place);
}

void StickTable::drop_expired(TimePoint now) {
    for (auto it = by_use_.begin(); it != by_use_.end() && (*it)->expires <= now;) {
        Entry* const entry = *it++;
        if (entry->users > 0) continue;
        by_use_.erase(entry->place);
        entries_.erase(entries_.find(entry->key));
    }
}

// As HAProxy's stktable_trash_oldest: a 256th of the table at once.
bool StickTable::make_room() {
    if (spec_.no_purge) return false;
    std::size_t left = (spec_.size >> 8) + 1;
    bool any = false;
    for (auto it = by_use_.begin(); it != by_use_.end() && left > 0;) {
        Entry* const entry = *it++;
        if (entry->users > 0) continue;
        by_use_.erase(entry->place);
        entries_.erase(entries_.find(entry->key));
        any = true;
        --left;
    }
    return any;
}

bool StickTable::passes(const Entry& entry, const Filter& filter, TimePoint now) const {
    if (filter.key && *filter.key != entry.key) return false;
    return std::all_of(filter.data.begin(), filter.data.end(), [&](const Filter::Data& data) {
        return compares(get(entry, data.what, now), data.is, data.number);
    });
}

std::size_t StickTable::used(TimePoint now) {
    const std::lock_guard lock(mutex_);
    drop_expired(now);
    return entries_.size();
}

std::vector<StickTable::Line> StickTable::lines(const Filter& filter, TimePoint now) {
    const std::lock_guard lock(mutex_);
    drop_expired(now);
    std::vector<const Entry*> entries(by_use_.begin(), by_use_.end());
    std::sort(entries.begin(), entries.end(),
              [this](const Entry* a, const Entry* b) { return before(spec_, a->key, b->key); });
    std::vector<Line> lines;
    for (const Entry* const entry : entries) {
        if (!passes(*entry, filter, now)) continue;
        Line& line = lines.emplace_back();
        line.key = key_text(spec_, entry->key);
        line.at = entry;
        line.users = entry->users;
        if (spec_.expire.count() > 0)
            line.expires_in = std::max<std::int64_t>(
                std::chrono::duration_cast<milliseconds>(entry->expires - now).count(), 0);
        for (const TableSpec::Column& its : spec_.columns)
            line.values.emplace_back(its,
                                     its.what == Stored::server_key
                                         ? entry->server.name.empty() ? "-" : entry->server.name
                                         : std::to_string(get(*entry, its.what, now)));
    }
    return lines;
}

std::size_t StickTable::clear(const Filter& filter, TimePoint now) {
    const std::lock_guard lock(mutex_);
    drop_expired(now);
    std::size_t stayed = 0;
    for (auto it = by_use_.begin(); it != by_use_.end();) {
        Entry* const entry = *it++;
        if (!passes(*entry, filter, now)) continue;
        if (entry->users > 0) {
            ++stayed;
            continue;
        }
        by_use_.erase(entry->place);
        entries_.erase(entries_.find(entry->key));
    }
    return stayed;
}

bool StickTable::set(std::string_view key,
                     const std::vector<std::pair<Stored, std::uint64_t>>& values, TimePoint now) {
    const std::lock_guard lock(mutex_);
    Entry* const entry = make(key, now);
    if (entry == nullptr) return false;
    for (const auto& [what, value] : values)
        if (what == Stored::server_id)
            entry->server.number = static_cast<std::uint32_t>(value);
        else if (name_of(what).is_rate)
            entry->rates[index(what)].set(now, value);
        else
            entry->counts[index(what)] = value;
    return true;
}

}  // namespace pgsteer::routing
