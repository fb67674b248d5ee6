#include "router/flags.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/units.h"

namespace pgsteer::router {
namespace {

constexpr std::int64_t most_pid = 4'194'304;  // Linux, PID_MAX_LIMIT
constexpr std::int64_t most_sessions = 10'000'000;

struct Words {
    const std::vector<std::string>& all;
    std::size_t next = 0;
    bool any() const { return next < all.size(); }
};

// Like haproxy, a list of PIDs reaches up to the next flag; `-sf $(cat pidfile)` may be empty.
Result<void> take_pids(Words& words, const std::string& flag, std::vector<int>& pids) {
    while (words.any() && !words.all[words.next].starts_with('-')) {
        const auto pid = parse_integer(words.all[words.next], 1, most_pid);
        if (!pid) return Error{fmt::format("{}: {}", flag, pid.error().text)};
        pids.push_back(static_cast<int>(*pid));
        ++words.next;
    }
    return {};
}

bool takes_value(std::string_view flag) {
    constexpr std::array<std::string_view, 10> with_value{"-f", "-p", "-C", "-n", "-L",
                                                          "-S", "-x", "-m", "-N", "-cc"};
    return std::find(with_value.begin(), with_value.end(), flag) != with_value.end();
}

Result<void> take_value_flag(Words& words, const std::string& flag, Flags& flags) {
    if (!words.any()) return Error{fmt::format("{} needs a value", flag)};
    const std::string& value = words.all[words.next++];
    if (flag == "-f") {
        flags.files.push_back(value);
    } else if (flag == "-p") {
        flags.pid_file = value;
    } else if (flag == "-C") {
        flags.folder = value;
    } else if (flag == "-S") {
        flags.master_cli.push_back(value);
    } else if (flag == "-x") {
        flags.handing_over = value;
    } else if (flag == "-n") {
        const auto sessions = parse_integer(value, 1, most_sessions);
        if (!sessions) return Error{fmt::format("-n: {}", sessions.error().text)};
        flags.maxconn = static_cast<std::uint32_t>(*sessions);
    } else if (flag == "-cc") {
        flags.condition = value;
    } else if (flag == "-L") {
        flags.local_peer = value;
    } else {
        flags.without_effect.push_back(flag);
    }
    return {};
}

// Answers whether the word is a flag that stands alone.
bool take_plain_flag(const std::string& flag, Flags& flags) {
    if (flag == "-c") {
        flags.check_only = true;
    } else if (flag == "--json") {
        flags.json = true;
    } else if (flag == "-D") {
        flags.daemon = true;
    } else if (flag == "-dD") {
        flags.diagnosing = true;
    } else if (flag == "-db") {
        flags.foreground = true;
    } else if (flag == "-W") {
        flags.master = true;
    } else if (flag == "-Ws") {
        flags.master = flags.foreground = true;
    } else if (flag == "-d") {
        flags.foreground = true;
        flags.quiet = false;
    } else if (flag == "-q") {
        flags.quiet = true;
    } else if (flag == "-V") {
        flags.quiet = false;
    } else if (flag == "-v" || flag == "-vv" || flag == "--version") {
        flags.version = true;
    } else if (flag == "-h" || flag == "--help") {
        flags.help = true;
    } else {
        // haproxy's debugging switches: -dM, -dp, -de ...
        if (!flag.starts_with("-d") || flag.size() != 3) return false;
        flags.without_effect.push_back(flag);
    }
    return true;
}

}  // namespace

std::vector<std::string> without_replacing(const std::vector<std::string>& all) {
    std::vector<std::string> left;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (all[i] == "--") {
            left.insert(left.end(), all.begin() + static_cast<std::ptrdiff_t>(i), all.end());
            break;
        }
        if (all[i] == "-sf" || all[i] == "-st") {
            while (i + 1 < all.size() && !all[i + 1].starts_with('-'))
                ++i;
        } else if (all[i] == "-x") {
            ++i;
        } else {
            left.push_back(all[i]);
            if (takes_value(all[i]) && i + 1 < all.size()) left.push_back(all[++i]);
        }
    }
    return left;
}

Result<Flags> parse_flags(const std::vector<std::string>& all) {
    Flags flags;
    Words words{all};
    while (words.any()) {
        const std::string& flag = all[words.next++];
        if (flag == "--") {
            while (words.any())
                flags.files.push_back(all[words.next++]);
        } else if (takes_value(flag)) {
            if (auto taken = take_value_flag(words, flag, flags); !taken) return taken.error();
        } else if (flag == "-sf" || flag == "-st") {
            auto& pids = flag == "-sf" ? flags.finish : flags.end;
            if (auto taken = take_pids(words, flag, pids); !taken) return taken.error();
        } else if (!take_plain_flag(flag, flags)) {
            return Error{fmt::format("unknown argument '{}'; see pgsteer -h", flag)};
        }
    }
    return flags;
}

}  // namespace pgsteer::router
