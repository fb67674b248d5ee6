// StickTable: what is remembered of clients by a key: the server they went to, and what they did.
// Bounded in entries, and by time, which is an argument. Shared by all workers and the control
// thread under one lock: taken a few times a session, by sessions of proxies that have such rules
// alone; HAProxy's rule which entry goes first needs one order of all. Outlives routing tables.
#pragma once

#include <array>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/match.h"
#include "base/stick.h"
#include "routing/counters.h"

namespace pgsteer::routing {

// How many in a period, over the last one: HAProxy's freq_ctr_period (include/haproxy/freq_ctr.h).
class PeriodRate {
  public:
    void add(TimePoint now, milliseconds period, std::uint64_t n);
    void set(TimePoint now, std::uint64_t n);
    std::uint64_t get(TimePoint now, milliseconds period) const;

  private:
    TimePoint began_{};
    std::uint64_t current_ = 0, previous_ = 0;
};

// A value as a table of that type keeps it; none: it cannot be such a key.
std::optional<std::string> key_of(const TableSpec& spec, const Value& value);
// As a person writes it; none: it is no such key.
std::optional<std::string> key_from_text(const TableSpec& spec, std::string_view text);
std::string key_text(const TableSpec& spec, std::string_view key);

struct StuckTo {
    std::uint32_t number = 0;  // of the server, as in the file; 0: none
    std::string name;
};

class StickTable {
  public:
    struct Entry;

    StickTable(std::string name, TableSpec spec);
    ~StickTable();
    StickTable(const StickTable&) = delete;
    StickTable& operator=(const StickTable&) = delete;

    const std::string& name() const { return name_; }
    const TableSpec& spec() const { return spec_; }

    // Where the key's last client went; being asked for counts as use.
    std::optional<StuckTo> server_of(std::string_view key, TimePoint now);
    // False: the table is full and drops nothing.
    bool keep(std::string_view key, StuckTo server, TimePoint now);

    // An entry that is counted in stays until it is released. Null: full, and nothing can go.
    Entry* hold(std::string_view key, TimePoint now);
    // The same, where there is one already.
    Entry* hold_known(std::string_view key, TimePoint now);
    void release(Entry& entry, TimePoint now);
    // Of a held one.
    static std::string_view key(const Entry& entry);
    struct Gain {
        Stored what{};
        std::int64_t by = 1;
    };
    // Adds to a counter and to its rate, where the table has them.
    void count(Entry& entry, std::initializer_list<Gain> gains, TimePoint now);
    std::optional<std::uint64_t> value(const Entry& entry, Stored what, TimePoint now) const;
    void assign(Entry& entry, Stored what, std::uint64_t value, TimePoint now);
    std::uint32_t users(const Entry& entry) const;
    // Of a key that nobody holds; none: there is no such entry. Not a use.
    std::optional<std::uint64_t> value_of(std::string_view key, Stored what, TimePoint now);

    // For operators.
    struct Line {
        std::string key;
        const void* at = nullptr;
        std::uint32_t users = 0;
        std::int64_t expires_in = 0;  // ms
        std::vector<std::pair<TableSpec::Column, std::string>> values;
    };
    struct Filter {
        enum class Is : std::uint8_t { equal, unequal, at_most, at_least, below, above };
        struct Data {
            Stored what{};
            Is is = Is::equal;
            std::uint64_t number = 0;
        };
        std::optional<std::string> key;  // as kept
        std::vector<Data> data;          // all of them
    };
    std::size_t used(TimePoint now);
    std::vector<Line> lines(const Filter& filter, TimePoint now);
    // How many are in use and stayed, of those that were to go.
    std::size_t clear(const Filter& filter, TimePoint now);
    // Makes the entry when there is none; false: the table is full.
    bool set(std::string_view key, const std::vector<std::pair<Stored, std::uint64_t>>& values,
             TimePoint now);
    bool has(Stored what) const;

  private:
    Entry* find(std::string_view key, TimePoint now);
    Entry* make(std::string_view key, TimePoint now);
    void touch(Entry& entry, TimePoint now);
    void drop_expired(TimePoint now);
    bool make_room();
    bool passes(const Entry& entry, const Filter& filter, TimePoint now) const;
    std::uint64_t get(const Entry& entry, Stored what, TimePoint now) const;
    const TableSpec::Column* column(Stored what) const;

    const std::string name_;
    const TableSpec spec_;
    mutable std::mutex mutex_;  // guards all below
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view key) const {
            return std::hash<std::string_view>()(key);
        }
    };
    std::unordered_map<std::string, std::unique_ptr<Entry>, Hash, std::equal_to<>> entries_;
    std::list<Entry*> by_use_;  // the one that expires first in front
};

// What a session counts in: sc0, sc1 and sc2.
struct TrackedKeys {
    struct Key {
        std::shared_ptr<StickTable> table;  // null: none
        StickTable::Entry* entry = nullptr;
    };
    std::array<Key, 3> keys;
};

}  // namespace pgsteer::routing
