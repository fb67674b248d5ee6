#include "base/log.h"

#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <ctime>
#include <map>
#include <memory>
#include <mutex>

namespace pgsteer::log {
namespace {

constexpr seconds loss_pause{60};

// systemd's way to say that stderr is a stream to its journal: "DEVICE:INODE" (systemd.exec(5)).
bool journal_reads_stderr() {
    const char* const stream = std::getenv("JOURNAL_STREAM");
    struct stat own {};
    return stream != nullptr && ::fstat(STDERR_FILENO, &own) == 0 &&
           fmt::format("{}:{}", own.st_dev, own.st_ino) == stream;
}

Target terminal_target(bool journal) {
    Target target;
    target.kind = journal ? Target::Kind::journal : Target::Kind::descriptor;
    target.descriptor = STDERR_FILENO;
    return target;
}

struct Told {
    std::uint64_t lines = 0;
    TimePoint at = TimePoint::min();
};

struct State {
    const bool is_journal = journal_reads_stderr();
    // None when stderr is closed.
    const std::shared_ptr<Sink> terminal = [this] {
        auto sink = sink_of(terminal_target(is_journal));
        return sink ? *sink : nullptr;
    }();
    std::atomic<int> terminal_most{static_cast<int>(Level::info)};
    std::mutex mutex;  // guards the two below
    std::shared_ptr<const Outlet> outlet = std::make_shared<Outlet>();
    std::map<std::string, Told> told;

    std::shared_ptr<const Outlet> main() {
        const std::lock_guard lock(mutex);
        return outlet;
    }
};

State& state() {
    static State instance;
    return instance;
}

std::string_view terminal_word(Level level) {
    constexpr std::string_view words[] = {"EMERG",   "ALERT",  "CRIT", "ERROR",
                                          "WARNING", "NOTICE", "INFO", "DEBUG"};
    return words[static_cast<std::size_t>(level)];
}

// "[2026-11-26 23:26:39.099] text"
std::string stamped(std::string_view text) {
    std::string date = iso_date(std::chrono::system_clock::now()).substr(0, 23);
    date[10] = ' ';
    return fmt::format("[{}] {}\n", date, text);
}

void to_terminal(const Record& record) {
    State& s = state();
    const Level level = record.shown.value_or(record.level);
    if (static_cast<int>(level) > s.terminal_most || !s.terminal) return;
    if (s.is_journal) return s.terminal->post(journal_fields("pgsteer", record));
    s.terminal->post(
        {stamped(fmt::format("[{}] ({}) : {}", terminal_word(level), ::getpid(), record.text))});
}

}  // namespace

void set_outlet(Outlet outlet) {
    State& s = state();
    auto shared = std::make_shared<const Outlet>(std::move(outlet));
    const std::lock_guard lock(s.mutex);
    s.outlet = std::move(shared);
}

void start_threads() {
    Sink::start_threads();
}

void set_stderr_level(Level most) {
    state().terminal_most = static_cast<int>(most);
}
void silence_stderr() {
    state().terminal_most = -1;
}
bool stderr_is_journal() {
    return state().is_journal;
}

void write(Level level, std::string_view line) {
    write(Record{.level = level, .text = std::string(line)});
}

void write(const Record& record) {
    write(*state().main(), record);
}

void write(const Outlet& outlet, const Record& record) {
    if (!outlet.is_on_stderr()) to_terminal(record);
    outlet.write(record);
}

void write_traffic(const Outlet& outlet, const Record& record, Outlet::Audience audience) {
    outlet.write(record, audience);
}

void write_traffic_to_stderr(const Record& record) {
    State& s = state();
    if (s.terminal_most < 0 || !s.terminal) return;
    if (s.is_journal)
        s.terminal->post(journal_fields("pgsteer", record));
    else
        s.terminal->post({stamped(record.text)});
}

void tell_losses(TimePoint now) {
    State& s = state();
    for (const auto& sink : sinks_in_use()) {
        const Sink::Loss loss = sink->loss();
        std::uint64_t fresh = 0;
        {
            const std::lock_guard lock(s.mutex);
            Told& told = s.told[sink->name()];
            const bool is_time = told.at == TimePoint::min() || now - told.at >= loss_pause;
            if (loss.lines == told.lines || !is_time) continue;
            fresh = loss.lines - told.lines;
            told = {loss.lines, now};
        }
        warning("log {}: {} lines were lost: {}", sink->name(), fresh, loss.why);
    }
}

std::uint64_t lost_lines() {
    std::uint64_t sum = 0;
    for (const auto& sink : sinks_in_use())
        sum += sink->loss().lines;
    return sum;
}

}  // namespace pgsteer::log
