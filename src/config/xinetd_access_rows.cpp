#include <syslog.h>

#include <algorithm>
#include <charconv>

#include "config/xinetd_rows.h"

namespace pgsteer::config {
namespace {

constexpr auto honoured = KeywordClass::honoured;

void hosts(InetLine& line, std::optional<HostList>& list, Words words) {
    // "only_from =" without a value makes the service available to nobody.
    if (!list || line.how == Assign::set) list.emplace();
    for (const std::string& word : words) {
        if (line.how == Assign::remove) {
            list->remove(word);
        } else if (list->size() >= most_values) {
            return line.alert("too many addresses");
        } else if (const auto added = list->add(word); !added) {
            line.alert(added.error().text);
        }
    }
}

void only_from(InetLine& line, Words words) {
    hosts(line, line.service().only_from, words);
}
void no_access(InetLine& line, Words words) {
    hosts(line, line.service().no_access, words);
}

std::optional<int> minutes(std::string_view text) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const auto hour = parse_integer(text.substr(0, colon), 0, 23);
    const auto minute = parse_integer(text.substr(colon + 1), 0, 59);
    if (!hour || !minute) return std::nullopt;
    return static_cast<int>(*hour * 60 + *minute);
}

void access_times(InetLine& line, Words words) {
    for (const std::string& word : words) {
        const std::size_t dash = word.find('-');
        const auto from = minutes(std::string_view(word).substr(0, dash));
        const auto to = dash == std::string::npos
                            ? std::nullopt
                            : minutes(std::string_view(word).substr(dash + 1));
        if (!from || !to || *from >= *to)
            line.alert("'" + word + "' is not HOUR:MINUTE-HOUR:MINUTE, the earlier first");
        else
            line.service().access_times.push_back({*from, *to});
    }
}

void limit(InetLine& line, std::optional<std::uint32_t>& field, const std::string& word) {
    constexpr std::uint64_t most = 1'000'000;  // more than a machine has processes
    if (word == "UNLIMITED") return field.reset();
    if (const auto value = line.integer(word, most)) field = static_cast<std::uint32_t>(*value);
}

void instances(InetLine& line, Words words) {
    limit(line, line.service().instances, words[0]);
}
void per_source(InetLine& line, Words words) {
    limit(line, line.service().per_source, words[0]);
}

void cps(InetLine& line, Words words) {
    const auto most = line.integer(words[0], 1'000'000);
    const auto pause = line.integer(words[1], 86'400);
    if (!most || !pause) return;
    line.service().cps_most = static_cast<std::uint32_t>(*most);
    line.service().cps_pause = seconds(static_cast<int>(*pause));
    line.service().cps_given = true;
}

void max_load(InetLine& line, Words words) {
    double value = 0;
    const auto [end, error] =
        std::from_chars(words[0].data(), words[0].data() + words[0].size(), value);
    if (error != std::errc() || end != words[0].data() + words[0].size() || !(value > 0) ||
        value > 1e6)
        return line.alert("'" + words[0] + "' is not a load like 2.5");
    line.service().max_load = value;
}

struct Name {
    std::string_view name;
    int value;
};
constexpr Name facilities[] = {
    {"daemon", LOG_DAEMON}, {"auth", LOG_AUTH},     {"authpriv", LOG_AUTHPRIV},
    {"user", LOG_USER},     {"mail", LOG_MAIL},     {"lpr", LOG_LPR},
    {"news", LOG_NEWS},     {"uucp", LOG_UUCP},     {"ftp", LOG_FTP},
    {"local0", LOG_LOCAL0}, {"local1", LOG_LOCAL1}, {"local2", LOG_LOCAL2},
    {"local3", LOG_LOCAL3}, {"local4", LOG_LOCAL4}, {"local5", LOG_LOCAL5},
    {"local6", LOG_LOCAL6}, {"local7", LOG_LOCAL7},
};
constexpr Name levels[] = {
    {"emerg", LOG_EMERG},     {"alert", LOG_ALERT},   {"crit", LOG_CRIT}, {"err", LOG_ERR},
    {"warning", LOG_WARNING}, {"notice", LOG_NOTICE}, {"info", LOG_INFO}, {"debug", LOG_DEBUG},
};

template <std::size_t size>
std::optional<int> look_up(const Name (&names)[size], std::string_view word) {
    const auto* found = std::find_if(std::begin(names), std::end(names),
                                     [&](const Name& n) { return n.name == word; });
    if (found == std::end(names)) return std::nullopt;
    return found->value;
}

void log_to_file(InetLine& line, LogType& log, Words words) {
    if (words.size() < 2 || words.size() > 4) return line.alert("FILE needs PATH [SOFT [HARD]]");
    log.file = words[1];
    if (!log.file.starts_with('/')) return line.alert("needs an absolute path");
    const auto size = [&](const std::string& text) -> std::uint64_t {
        const auto bytes = parse_size(text);
        if (!bytes) line.alert(bytes.error().text);
        return bytes ? *bytes : 0;
    };
    if (words.size() > 2) log.soft_limit = size(words[2]);
    // xinetd's LOG_EXTRA_MIN and LOG_EXTRA_MAX: 1 % more, but 5k to 20k.
    if (log.soft_limit != 0)
        log.hard_limit = words.size() > 3
                             ? size(words[3])
                             : log.soft_limit + std::clamp<std::uint64_t>(log.soft_limit / 100,
                                                                          5 << 10, 20 << 10);
    if (log.hard_limit < log.soft_limit) line.alert("the hard limit is below the soft one");
}

void log_type(InetLine& line, Words words) {
    LogType log;
    if (words.empty()) return line.alert("needs SYSLOG or FILE");
    if (words[0] == "SYSLOG") {
        log.kind = LogType::Kind::syslog;
        const auto facility = words.size() > 1 ? look_up(facilities, words[1]) : std::nullopt;
        const auto level = words.size() > 2 ? look_up(levels, words[2]) : LOG_INFO;
        if (!facility || words.size() > 3) return line.alert("needs SYSLOG FACILITY [LEVEL]");
        if (!level) return line.alert("unknown level '" + words[2] + "'");
        log.facility = *facility;
        log.level = *level;
    } else if (words[0] == "FILE") {
        log.kind = LogType::Kind::file;
        log_to_file(line, log, words);
    } else {
        return line.alert("'" + words[0] + "' is neither SYSLOG nor FILE");
    }
    line.service().log = log;
}

struct LogWord {
    std::string_view name;
    bool LogWhat::*field;  // null: known, no effect
};

void log_words(InetLine& line, LogWhat& what, Words words, std::span<const LogWord> known) {
    // In defaults, = is the same as +=.
    if (line.how == Assign::set && !line.entry.is_defaults) what = {};
    for (const std::string& word : words) {
        const auto found = std::find_if(known.begin(), known.end(),
                                        [&](const LogWord& w) { return w.name == word; });
        if (found == known.end())
            line.alert("unknown word '" + word + "'");
        else if (found->field)
            what.*(found->field) = line.how != Assign::remove;
    }
}

void log_on_success(InetLine& line, Words words) {
    constexpr LogWord known[] = {
        {"PID", &LogWhat::pid},           {"HOST", &LogWhat::host},       {"EXIT", &LogWhat::exit},
        {"DURATION", &LogWhat::duration}, {"TRAFFIC", &LogWhat::traffic}, {"USERID", nullptr},
    };
    log_words(line, line.service().log_success, words, known);
}

void log_on_failure(InetLine& line, Words words) {
    constexpr LogWord known[] = {
        {"HOST", &LogWhat::host}, {"ATTEMPT", &LogWhat::attempt}, {"USERID", nullptr}};
    log_words(line, line.service().log_failure, words, known);
}

void banner(InetLine& line, Words words) {
    line.service().banner = words[0];
}
void banner_success(InetLine& line, Words words) {
    line.service().banner_success = words[0];
}
void banner_fail(InetLine& line, Words words) {
    line.service().banner_fail = words[0];
}

constexpr InetRow rows[] = {
    {"only_from", in_both, a_set, honoured, only_from,
     "who may use it: addresses, 10.1.{2,3}, networks, names; without a value: nobody"},
    {"no_access", in_both, a_set, honoured, no_access, "who may not, whatever only_from says"},
    {"access_times", in_service, any_number, honoured, access_times, "when, as 8:00-18:30"},
    {"instances", in_both, 1, honoured, instances, "servers at one time, or UNLIMITED"},
    {"per_source", in_both, 1, honoured, per_source,
     "the same for each address of clients, or UNLIMITED"},
    {"cps", in_both, 2, honoured, cps,
     "connections a second, and the seconds for which the service is off when there are more "
     "(50 10)"},
    {"max_load", in_both, 1, honoured, max_load, "refuse while the machine's load is as high"},
    {"deny_time",
     in_service,
     1,
     KeywordClass::inert,
     nullptr,
     {},
     "it belongs to the flag SENSOR, which is refused"},
    {"libwrap",
     in_service,
     1,
     KeywordClass::inert,
     nullptr,
     {},
     "/etc/hosts.allow and hosts.deny are not read; only_from and no_access are"},
    {"log_type", in_both, any_number, honoured, log_type,
     "SYSLOG FACILITY [LEVEL], or FILE PATH [SOFT [HARD]] with limits of its size"},
    {"log_on_success", in_both, a_set, honoured, log_on_success,
     "PID, HOST, EXIT, DURATION; USERID, TRAFFIC change nothing: nobody is asked, nothing counted"},
    {"log_on_failure", in_both, a_set, honoured, log_on_failure,
     "HOST, ATTEMPT; USERID changes nothing: nobody is asked"},
    {"banner", in_both, 1, honoured, banner, "a file sent to every client first"},
    {"banner_success", in_both, 1, honoured, banner_success, "a file sent to accepted clients"},
    {"banner_fail", in_both, 1, honoured, banner_fail, "a file sent to refused clients"},
};

}  // namespace

std::span<const InetRow> inet_access_rows() {
    return rows;
}

}  // namespace pgsteer::config
