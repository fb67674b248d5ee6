#include "dns/system_names.h"

#include <algorithm>
#include <cctype>

#include "base/lower.h"
#include "base/units.h"
#include "dns/exchange.h"
#include "dns/resolv_conf.h"

namespace asio = boost::asio;

namespace pgsteer::dns {
namespace {

constexpr std::string_view blanks = " \t\r";
// resolv.conf(5): the server that is asked when none is named, and RES_MAXNDOTS.
constexpr std::string_view own_server = "127.0.0.1";
constexpr Port dns_port{53};
constexpr std::int64_t most_dots = 15;

std::vector<std::string_view> words_of(std::string_view line) {
    std::vector<std::string_view> words;
    for (;;) {
        const auto start = line.find_first_not_of(blanks);
        if (start == std::string_view::npos) return words;
        line.remove_prefix(start);
        words.push_back(line.substr(0, line.find_first_of(blanks)));
        line.remove_prefix(words.back().size());
    }
}

template <class Visit>
void each_line(std::string_view text, std::string_view comments, Visit visit) {
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        const auto words = words_of(line.substr(0, line.find_first_of(comments)));
        if (words.size() > 1) visit(words);
    }
}

void read_hosts(SystemNames& system, std::string_view text) {
    each_line(text, "#", [&](const std::vector<std::string_view>& words) {
        const auto address = Address::from_literal(words[0], Port{0});
        if (!address) return;
        for (std::size_t i = 1; i < words.size(); ++i) {
            auto& known = system.hosts[lower(words[i])];
            if (std::find(known.begin(), known.end(), *address) == known.end())
                known.push_back(*address);
        }
    });
}

void read_options(SystemNames& system, const std::vector<std::string_view>& words) {
    constexpr std::string_view dots = "ndots:";
    for (const std::string_view word : words)
        if (word.starts_with(dots))
            if (const auto value = parse_integer(word.substr(dots.size()), 0, most_dots))
                system.dots = static_cast<unsigned>(*value);
}

}  // namespace

SystemNames read_system_names(std::string_view hosts, std::string_view resolv_conf) {
    SystemNames system;
    system.section.name = "the system";
    system.section.nameservers = read_resolv_conf(resolv_conf);
    if (system.section.nameservers.empty())
        system.section.nameservers.push_back(
            {std::string(own_server), *Address::from_literal(own_server, dns_port), false, {}});
    read_hosts(system, hosts);
    each_line(resolv_conf, "#;", [&](const std::vector<std::string_view>& words) {
        // The last of these lines counts.
        if (words[0] == "search" || words[0] == "domain")
            system.search.assign(words.begin() + 1, words.end());
        if (words[0] == "options") read_options(system, words);
    });
    return system;
}

std::vector<std::string> full_names(const SystemNames& system, const std::string& host) {
    if (host.ends_with('.')) return {host};
    std::vector<std::string> names;
    for (const std::string& domain : system.search)
        names.push_back(host + "." + domain);
    const auto dots = static_cast<unsigned>(std::count(host.begin(), host.end(), '.'));
    names.insert(dots >= system.dots ? names.begin() : names.end(), host);
    return names;
}

asio::awaitable<Answer> resolve(const SystemNames& system, std::string host) {
    Answer answer;
    if (const auto known = system.hosts.find(lower(host)); known != system.hosts.end()) {
        answer.status = Status::valid;
        answer.addresses = known->second;
        answer.from = "/etc/hosts";
        co_return answer;
    }
    for (const std::string& name : full_names(system, host)) {
        for (const Type type : {Type::a, Type::aaaa}) {
            const Question question{name, type, system.section.retry, system.section.payload};
            const Answer one = co_await exchange(system.section.nameservers, question);
            if (one.status == Status::valid) {
                answer.status = Status::valid;
                answer.from = one.from;
                answer.addresses.insert(answer.addresses.end(), one.addresses.begin(),
                                        one.addresses.end());
            } else if (answer.status != Status::valid) {
                answer.status = one.status;
            }
        }
        if (answer.status == Status::valid) break;
    }
    co_return answer;
}

}  // namespace pgsteer::dns
