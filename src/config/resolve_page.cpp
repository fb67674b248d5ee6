// From the lines of a stats page to its values, once all sections are known: its conditions may
// name acls of the section and userlists anywhere in the file.
#include <algorithm>

#include "config/acl.h"
#include "config/keywords.h"

namespace pgsteer::config {
namespace {

using Type = FetchRow::Type;
using Takes = FetchRow::Takes;

// What a page's conditions can look at beside the client's address: its request.
constexpr FetchRow request_rows[] = {
    {"path", "", Type::text, Takes::nothing, Layer::content, "the request's path"},
    {"path_beg", "", Type::text, Takes::nothing, Layer::content, "likewise"},
    {"path_end", "", Type::text, Takes::nothing, Layer::content, "likewise"},
    {"path_sub", "", Type::text, Takes::nothing, Layer::content, "likewise"},
    {"method", "", Type::text, Takes::nothing, Layer::content, "GET, POST, HEAD"},
    {"hdr", "", Type::text, Takes::name, Layer::content, "a header of the request"},
    {"http_auth", "", Type::boolean, Takes::name, Layer::content, "a user of that userlist?"},
    {"http_auth_group", "", Type::text, Takes::name, Layer::content,
     "the groups of its user in that userlist"},
};

// Of sessions' fetches, those that a request has, too.
constexpr std::string_view usable[] = {"always_false", "always_true", "bool", "dst",
                                       "dst_port",     "hostname",    "src",  "src_port"};

bool is_usable(std::string_view fetch) {
    return std::find(std::begin(usable), std::end(usable), fetch) != std::end(usable) ||
           std::any_of(std::begin(request_rows), std::end(request_rows),
                       [fetch](const FetchRow& row) { return row.name == fetch; });
}

class PageReader {
  public:
    PageReader(Draft& draft, const Proxy& proxy) : draft_(draft), acls_(request_rows) {
        for (const RuleLine& line : proxy.rules.acls)
            if (const auto added = acls_.add(line.words); !added)
                draft_.alert(line.at, "'acl " + line.words[0] + "' : " + added.error().text);
    }

    std::optional<PageRule> rule(const RuleLine& line) {
        const std::string name = "stats http-request " + line.words[0];
        PageRule rule;
        std::size_t taken = 1;
        if (line.words[0] == "allow") {
            rule.action = PageRule::Action::allow;
        } else if (line.words[0] == "deny") {
            rule.action = PageRule::Action::deny;
        } else if (line.words[0] == "auth") {
            rule.action = PageRule::Action::auth;
            if (line.words.size() > 2 && line.words[1] == "realm") {
                rule.realm = line.words[2];
                taken = 3;
            }
        } else {
            return alert(line, name, "expects 'allow', 'deny' or 'auth'"), std::nullopt;
        }
        auto condition = this->condition(line, name, taken);
        if (!condition) return std::nullopt;
        rule.condition = std::move(*condition);
        return rule;
    }

    std::optional<Condition> condition(const RuleLine& line, const std::string& name,
                                       std::size_t first) {
        auto condition = acls_.condition(
            {line.words.begin() + static_cast<std::ptrdiff_t>(first), line.words.end()});
        if (!condition) return alert(line, name, condition.error().text), std::nullopt;
        bool good = true;
        each_test(*condition, [&](const Test& test) { good = fits(line, name, test) && good; });
        return good ? std::optional(std::move(*condition)) : std::nullopt;
    }

  private:
    void alert(const RuleLine& line, const std::string& name, const std::string& text) {
        draft_.alert(line.at, "'" + name + "' : " + text);
    }

    bool fits(const RuleLine& line, const std::string& name, const Test& test) {
        const Sample& sample = test.sample;
        if (!is_usable(sample.fetch))
            return alert(line, name,
                         "'" + sample.fetch +
                             "' has no value for a request to the page; use src, path, method, "
                             "hdr, http_auth or http_auth_group"),
                   false;
        if (test.match.empty())
            draft_.warning(line.at, "'" + name + "' : '" + sample.text() +
                                        "' has no pattern to match against and never matches");
        if (!sample.fetch.starts_with("http_auth")) return true;
        const auto& lists = draft_.userlists;
        if (std::any_of(lists.begin(), lists.end(),
                        [&](const Userlist& list) { return list.name == sample.arguments[0]; }))
            return true;
        return alert(line, name, "unable to find userlist '" + sample.arguments[0] + "'"), false;
    }

    Draft& draft_;
    Acls acls_;
};

// "path_beg /a" is "path -m beg /a".
Condition plain(const Condition& condition) {
    return translated<Test>(condition, [](Test test) {
        constexpr std::pair<std::string_view, Match::Kind> kinds[] = {
            {"path_beg", Match::Kind::begin},
            {"path_end", Match::Kind::end},
            {"path_sub", Match::Kind::part}};
        for (const auto& [name, kind] : kinds)
            if (test.sample.fetch == name) test.match.kind = kind;
        if (test.sample.fetch.starts_with("path")) test.sample.fetch = "path";
        return test;
    });
}

}  // namespace

StatsPage page_of(Draft& draft, const Proxy& proxy) {
    StatsPage page = *proxy.stats;
    if (page.description && page.description->empty()) page.description = draft.global.description;
    for (std::string& name : page.scope)
        if (name == ".") name = proxy.name;
    PageReader reader(draft, proxy);
    for (const RuleLine& line : proxy.rules.page)
        if (auto rule = reader.rule(line)) {
            rule->condition = plain(rule->condition);
            page.rules.push_back(std::move(*rule));
        }
    for (const RuleLine& line : proxy.rules.page_admin)
        if (const auto condition = reader.condition(line, "stats admin", 0))
            page.admin.push_back(plain(*condition));
    if (!proxy.rules.page.empty() && (!page.users.empty() || page.realm))
        draft.alert(proxy.rules.page[0].at,
                    "'stats http-request' : cannot be used beside 'stats auth' or 'stats realm'; "
                    "use a userlist and 'stats http-request auth unless { http_auth(LIST) }'");
    page.userlists = draft.userlists;
    return page;
}

}  // namespace pgsteer::config
