#include "base/log.h"

#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <ctime>
#include <memory>
#include <mutex>

#include "base/fd.h"

namespace pgsteer::log {
namespace {

constexpr std::size_t longest_syslog_line = 1024;  // HAProxy's default `len`; RFC 3164 4.1

std::string_view level_word(Level level) {
    constexpr std::string_view words[] = {"EMERG",   "ALERT",  "CRIT", "ERROR",
                                          "WARNING", "NOTICE", "INFO", "DEBUG"};
    return words[static_cast<std::size_t>(level)];
}

struct OpenTarget {
    Target target;
    UniqueFd fd;  // a datagram socket, connected lazily by sendto; empty for stdout and stderr
};

struct State {
    std::mutex mutex;
    std::vector<OpenTarget> targets;
    std::shared_ptr<spdlog::logger> stderr_logger = [] {
        auto logger = std::make_shared<spdlog::logger>(
            "pgsteer", std::make_shared<spdlog::sinks::stderr_sink_mt>());
        logger->set_pattern("[%Y-%m-%d %H:%M:%S.%e] %v");
        logger->set_level(spdlog::level::trace);
        logger->flush_on(spdlog::level::trace);
        return logger;
    }();
    std::shared_ptr<spdlog::logger> stdout_logger = [] {
        auto logger = std::make_shared<spdlog::logger>(
            "pgsteer-out", std::make_shared<spdlog::sinks::stdout_sink_mt>());
        logger->set_pattern("%v");
        logger->flush_on(spdlog::level::trace);
        return logger;
    }();
    std::atomic<int> stderr_most{static_cast<int>(Level::info)};
    std::atomic<bool> traffic_to_stderr{false};
};

State& state() {
    static State instance;
    return instance;
}

void send_syslog(const OpenTarget& open, Level level, std::string_view line) {
    const std::time_t now = std::time(nullptr);
    std::tm local{};
    ::localtime_r(&now, &local);
    char stamp[32];
    std::strftime(stamp, sizeof stamp, "%b %e %H:%M:%S", &local);
    std::string packet =
        fmt::format("<{}>{} {}[{}]: {}", open.target.facility * 8 + static_cast<int>(level), stamp,
                    open.target.tag, ::getpid(), line);
    if (packet.size() > longest_syslog_line) packet.resize(longest_syslog_line);
    // A lost datagram is syslog's contract: there is nobody to tell, and nothing may block.
    (void)::sendto(open.fd.get(), packet.data(), packet.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
                   open.target.address.get(), open.target.address.length());
}

bool stderr_is_target(const State& s) {
    for (const auto& open : s.targets)
        if (open.target.kind == Target::Kind::standard_error) return true;
    return false;
}

void to_targets(State& s, Level level, std::string_view line) {
    const std::lock_guard lock(s.mutex);
    for (const auto& open : s.targets) {
        if (level > open.target.most) continue;
        if (open.target.kind == Target::Kind::syslog) send_syslog(open, level, line);
        if (open.target.kind == Target::Kind::standard_output) s.stdout_logger->info("{}", line);
    }
}

}  // namespace

Result<void> set_targets(const std::vector<Target>& targets) {
    std::vector<OpenTarget> opened;
    for (const Target& target : targets) {
        OpenTarget open{target, {}};
        if (target.kind == Target::Kind::syslog) {
            open.fd.reset(::socket(target.address.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
            if (!open.fd) return system_error("log " + target.address.text());
        }
        opened.push_back(std::move(open));
    }
    State& s = state();
    const std::lock_guard lock(s.mutex);
    s.targets = std::move(opened);
    return {};
}

void set_stderr_level(Level most) {
    state().stderr_most = static_cast<int>(most);
}
void silence_stderr() {
    state().stderr_most = -1;
}
void traffic_to_stderr(bool on) {
    state().traffic_to_stderr = on;
}

void write(Level level, std::string_view line) {
    State& s = state();
    if (static_cast<int>(level) <= s.stderr_most)
        s.stderr_logger->info("[{}] ({}) : {}", level_word(level), ::getpid(), line);
    to_targets(s, level, line);
}

void write_traffic(std::string_view line) {
    State& s = state();
    bool on_stderr = s.traffic_to_stderr;
    if (!on_stderr) {
        const std::lock_guard lock(s.mutex);
        on_stderr = stderr_is_target(s);
    }
    if (on_stderr && s.stderr_most >= 0) s.stderr_logger->info("{}", line);
    to_targets(s, Level::info, line);
}

}  // namespace pgsteer::log
