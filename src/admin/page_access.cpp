#include "admin/page_access.h"

#include <algorithm>
#include <boost/beast/core/detail/base64.hpp>
#include <cctype>
#include <utility>

#include "base/lower.h"
#include "base/password.h"

namespace pgsteer::admin {
namespace {

constexpr std::size_t most_remembered = 32;
constexpr unsigned most_computed = 4;  // slow password checks a second

// "https://host:7000/a?b" → "host:7000"; nothing for "null" and other words.
std::string authority_of(std::string_view url) {
    const std::size_t scheme = url.find("://");
    if (scheme == std::string_view::npos) return "";
    const std::string_view rest = url.substr(scheme + 3);
    return lower(rest.substr(0, rest.find_first_of("/?#")));
}

// "host:7000" and "[::1]:7000" without the port and the brackets.
std::string host_of(std::string_view authority) {
    if (authority.starts_with('[')) return lower(authority.substr(1, authority.find(']') - 1));
    return lower(authority.substr(0, authority.find(':')));
}

// What every browser sends with a form, and no script does of itself.
bool is_of_a_browser(const http::Request& request) {
    constexpr std::string_view names[] = {"origin", "sec-fetch-site", "referer", "cookie"};
    return std::any_of(std::begin(names), std::end(names),
                       [&](auto name) { return request.header(name) != nullptr; });
}

std::string remembered(const config::Userlist& list, const Login& login) {
    return list.name + '\0' + login.user + '\0' + login.password;
}

}  // namespace

std::optional<Login> login_of(const http::Request& request) {
    constexpr std::string_view scheme = "basic ";  // in any case (RFC 9110, 11.1)
    namespace base64 = boost::beast::detail::base64;
    const std::string& header = request.authorization;
    if (!lower(header.substr(0, scheme.size())).starts_with(scheme)) return std::nullopt;
    const std::string coded = header.substr(scheme.size());
    // Beast counts whole groups of four and writes what a last, shorter one holds, too.
    std::string plain(base64::decoded_size(coded.size() + 3), '\0');
    plain.resize(base64::decode(plain.data(), coded.data(), coded.size()).first);
    const std::size_t colon = plain.find(':');
    if (colon == std::string::npos) return std::nullopt;
    return Login{plain.substr(0, colon), plain.substr(colon + 1)};
}

bool Passwords::may_compute(TimePoint now) {
    if (second_ <= now - seconds(1) || second_ > now) {
        second_ = now;
        computed_ = 0;
    }
    return ++computed_ <= most_computed;
}

bool Passwords::fit(const config::Userlist& list, const Login& login, TimePoint now) {
    const auto user = std::find_if(list.users.begin(), list.users.end(),
                                   [&](const auto& one) { return one.name == login.user; });
    if (user == list.users.end()) return false;
    if (!user->hashed) return same_secret(user->password, login.password);
    const std::string known = remembered(list, login);
    if (std::any_of(right_.begin(), right_.end(),
                    [&](const std::string& one) { return same_secret(one, known); }))
        return true;
    if (!may_compute(now) || !is_password_of(user->password, login.password)) return false;
    if (right_.size() == most_remembered) right_.pop_front();
    right_.push_back(known);
    return true;
}

Access::Access(const config::StatsPage& page, std::string token, std::string host_name)
    : page_(page), token_(std::move(token)), host_name_(lower(host_name)) {}

bool Access::fits_stats_auth(const http::Request& request) const {
    const auto login = login_of(request);
    if (!login) return false;
    const std::string given = login->user + ":" + login->password;
    bool found = false;  // all are compared, whoever it is
    for (const std::string& user : page_.users)
        found = same_secret(given, user) || found;
    return found;
}

bool Access::is_member(const config::Test& test, const http::Request& request, TimePoint now) {
    const auto login = login_of(request);
    if (!login) return false;
    for (const config::Userlist& list : page_.userlists) {
        if (list.name != test.sample.arguments[0] || !passwords_.fit(list, *login, now)) continue;
        if (test.sample.fetch == "http_auth") return test.match.has(Value(true));
        for (const config::User& user : list.users) {
            if (user.name != login->user) continue;
            return std::any_of(user.groups.begin(), user.groups.end(), [&](const auto& group) {
                return test.match.has(Value(std::string_view(group)));
            });
        }
    }
    return test.sample.fetch == "http_auth" && test.match.has(Value(false));
}

bool Access::ask(const config::Test& test, const http::Request& request, TimePoint now) {
    const std::string& fetch = test.sample.fetch;
    const auto has = [&](std::string_view text) { return test.match.has(Value(text)); };
    const auto of_address = [&](const Address& address, bool port) {
        if (!address.is_ip()) return false;
        return port ? test.match.has(Value(std::int64_t{number(address.port())}))
                    : test.match.has(Value(address));
    };
    if (fetch == "always_true") return test.match.has(Value(true));
    if (fetch == "always_false") return test.match.has(Value(false));
    if (fetch == "bool")
        return test.match.has(
            Value(test.sample.arguments[0] == "true" || test.sample.arguments[0] == "1"));
    if (fetch == "src") return of_address(request.source, false);
    if (fetch == "src_port") return of_address(request.source, true);
    if (fetch == "dst") return of_address(request.destination, false);
    if (fetch == "dst_port") return of_address(request.destination, true);
    if (fetch == "path") return has(request.path);
    if (fetch == "method") return has(request.method);
    if (fetch == "hostname") return has(host_name_);
    if (fetch == "hdr") {
        const std::string* const value = request.header(lower(test.sample.arguments[0]));
        return value != nullptr && has(*value);
    }
    return is_member(test, request, now);
}

bool Access::holds(const config::Condition& condition, const http::Request& request,
                   TimePoint now) {
    return evaluate(condition, [&](const config::Test& test) {
               return ask(test, request, now) ? Truth::yes : Truth::no;
           }) == Truth::yes;
}

Admission Access::admit(const http::Request& request, TimePoint now) {
    using Verdict = Admission::Verdict;
    Admission admission;
    admission.realm = page_.realm.value_or("pgsteer");
    if (!page_.users.empty()) {
        admission.recognised = fits_stats_auth(request);
        if (!admission.recognised) admission.verdict = Verdict::asks_password;
    }
    for (const config::PageRule& rule : page_.rules) {
        if (!holds(rule.condition, request, now)) continue;
        if (rule.action == config::PageRule::Action::deny) admission.verdict = Verdict::denied;
        if (rule.action == config::PageRule::Action::auth) {
            admission.verdict = Verdict::asks_password;
            admission.realm = rule.realm.value_or(admission.realm);
        }
        break;
    }
    if (admission.verdict != Verdict::allowed) return admission;
    admission.admin = std::any_of(page_.admin.begin(), page_.admin.end(),
                                  [&](const auto& one) { return holds(one, request, now); });
    if (const auto login = login_of(request); login && !admission.recognised)
        admission.recognised =
            std::any_of(page_.userlists.begin(), page_.userlists.end(),
                        [&](const auto& list) { return passwords_.fit(list, *login, now); });
    return admission;
}

// A page without a password that is called by a stranger's name may be another site's, whose name
// was made to stand for our address meanwhile (DNS rebinding).
bool Access::is_own_name(std::string_view host) const {
    return host == "localhost" || (!host.empty() && host == host_name_) ||
           Address::from_literal(host, Port{0}).has_value();
}

std::optional<std::string> Access::distrust(const http::Request& request, std::string_view token,
                                            bool recognised) const {
    const bool browser = is_of_a_browser(request);
    if (!token.empty() && !same_secret(token, token_))
        return "The page is from before a restart. Load it again.";
    if (!browser) return std::nullopt;
    const std::string* const site = request.header("sec-fetch-site");
    const std::string* const origin = request.header("origin");
    const std::string* const referer = request.header("referer");
    const std::string* const host = request.header("host");
    const std::string called = host != nullptr ? lower(*host) : "";
    if (site != nullptr && *site != "same-origin") return "This was sent by another site's page.";
    const std::string* const from = origin != nullptr ? origin : referer;
    if (from != nullptr && authority_of(*from) != called)
        return "This was sent by another site's page.";
    if (token.empty()) return "The page's token is missing. Load the page again.";
    if (!recognised && !is_own_name(host_of(called)))
        return "Without a password, changes are made only where the page is called by its "
               "address, 'localhost' or the machine's own name. Call it so, or give it a "
               "password with 'stats auth'.";
    return std::nullopt;
}

}  // namespace pgsteer::admin
