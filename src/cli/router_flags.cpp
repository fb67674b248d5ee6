#include "cli/router_flags.h"

#include <fmt/format.h>

#include "base/units.h"

namespace pgsteer::cli {
namespace {

struct Words {
    const std::vector<std::string>& all;
    std::size_t next = 0;
};

Result<std::string> value_of(Words& words, const std::string& flag) {
    if (words.next >= words.all.size()) return Error{fmt::format("{} needs a value", flag)};
    return Result<std::string>(boost::system::in_place_value, words.all[words.next++]);
}

// PIDs up to the next flag or the end.
Result<void> take_pids(Words& words, const std::string& flag, std::vector<int>& pids) {
    while (words.next < words.all.size() && words.all[words.next].front() != '-') {
        const auto pid = parse_integer(words.all[words.next], 1, 4'194'304);  // PID_MAX_LIMIT
        if (!pid) return Error{fmt::format("{}: {}", flag, pid.error().text)};
        pids.push_back(static_cast<int>(*pid));
        ++words.next;
    }
    return {};
}

Result<void> take_value_flag(Words& words, const std::string& flag, RouterFlags& flags) {
    auto value = value_of(words, flag);
    if (!value) return value.error();
    if (flag == "-f") flags.files.push_back(*value);
    if (flag == "-p") flags.pid_file = *value;
    if (flag == "-C") flags.folder = *value;
    if (flag == "-n") {
        const auto number = parse_integer(*value, 1, 10'000'000);
        if (!number) return Error{fmt::format("-n: {}", number.error().text)};
        flags.maxconn = static_cast<std::uint32_t>(*number);
    }
    return {};  // -L NAME: accepted, there are no peers to be told it
}

}  // namespace

Result<RouterFlags> parse_router_flags(const std::vector<std::string>& all) {
    RouterFlags flags;
    Words words{all};
    while (words.next < all.size()) {
        const std::string& flag = all[words.next++];
        if (flag == "--") {
            while (words.next < all.size())
                flags.files.push_back(all[words.next++]);
        } else if (flag == "-c") {
            flags.check_only = true;
        } else if (flag == "-D") {
            flags.daemon = true;
        } else if (flag == "-db" || flag == "-d" || flag == "-W" || flag == "-Ws" || flag == "-V") {
            flags.foreground = true;
        } else if (flag == "-q") {
            flags.quiet = true;
        } else if (flag == "-v" || flag == "-vv" || flag == "--version") {
            flags.version = true;
        } else if (flag == "-h" || flag == "--help") {
            flags.help = true;
        } else if (flag == "-f" || flag == "-p" || flag == "-C" || flag == "-n" || flag == "-L") {
            if (auto taken = take_value_flag(words, flag, flags); !taken) return taken.error();
        } else if (flag == "-sf" || flag == "-st") {
            auto& pids = flag == "-sf" ? flags.finish : flags.end;
            if (auto taken = take_pids(words, flag, pids); !taken) return taken.error();
        } else {
            return Error{fmt::format("unknown argument '{}'; see pgsteer --help", flag)};
        }
    }
    return flags;
}

}  // namespace pgsteer::cli
