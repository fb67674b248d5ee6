// The program's log: the only global. Lines about the process go to the terminal (stderr, or the
// journal when stderr is its stream) and to the targets of the global section; lines about a proxy
// to that proxy's outlet instead. Thread-safe; nothing blocks once the sinks have their threads.
// Call from the control plane, never from the relay.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/log_outlet.h"

namespace pgsteer::log {

// Where lines about the process go from now on, beside the terminal.
void set_outlet(Outlet outlet);
// From now on each target has a thread of its own. When the process forks no more.
void start_threads();
// Lines to the terminal less urgent than this are dropped; `silence`: all (-q, daemon).
void set_stderr_level(Level most);
void silence_stderr();

void write(Level level, std::string_view line);
void write(const Record& record);
// About a proxy: to the terminal and to its outlet.
void write(const Outlet& outlet, const Record& record);
// About a session: to its proxy's outlet alone.
void write_traffic(const Outlet& outlet, const Record& record, Outlet::Audience audience);
// The same where the file names no target at all: to the terminal.
void write_traffic_to_stderr(const Record& record);
bool stderr_is_journal();
// Says which targets lost lines since it was last asked, each once a minute at most.
void tell_losses(TimePoint now);
// In all, of all targets in use.
std::uint64_t lost_lines();

template <class... Args>
void alert(fmt::format_string<Args...> format, Args&&... args) {
    write(Level::alert, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
    write(Level::err, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void warning(fmt::format_string<Args...> format, Args&&... args) {
    write(Level::warning, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void notice(fmt::format_string<Args...> format, Args&&... args) {
    write(Level::notice, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
    write(Level::info, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
    write(Level::debug, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace pgsteer::log
