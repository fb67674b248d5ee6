#include "config/acl.h"

#include <algorithm>

#include "config/keywords.h"
#include "config/patterns.h"

namespace pgsteer::config {
namespace {

using WordList = std::vector<std::string>;

// Those every HAProxy knows (manual 7.4), without the ones about HTTP and RDP.
const std::map<std::string, WordList, std::less<>>& predefined() {
    static const std::map<std::string, WordList, std::less<>> all{
        {"FALSE", {"always_false"}},
        {"TRUE", {"always_true"}},
        {"LOCALHOST", {"src", "127.0.0.1/8"}},
        {"REQ_CONTENT", {"req.len", "gt", "0"}},
        {"WAIT_END", {"wait_end"}},
    };
    return all;
}

constexpr std::string_view web_names[] = {
    "HTTP",         "HTTP_1.0",       "HTTP_1.1",      "HTTP_2.0",     "HTTP_CONTENT",
    "HTTP_URL_ABS", "HTTP_URL_SLASH", "HTTP_URL_STAR", "METH_CONNECT", "METH_DELETE",
    "METH_GET",     "METH_HEAD",      "METH_OPTIONS",  "METH_POST",    "METH_PUT",
    "METH_TRACE",   "RDP_COOKIE"};

bool is_or(const std::string& word) {
    return word == "or" || word == "||";
}

WordList slice(const WordList& words, std::size_t first, std::size_t last) {
    return {words.begin() + static_cast<std::ptrdiff_t>(first),
            words.begin() + static_cast<std::ptrdiff_t>(last)};
}

}  // namespace

Result<Test> parse_test(const WordList& words, std::span<const FetchRow> more) {
    if (words.empty()) return Error{"a condition is missing"};
    auto parsed = parse_sample(words[0], more);
    if (!parsed) return parsed.error();
    auto match = parse_match(*parsed->row, slice(words, 1, words.size()));
    if (!match) return match.error();
    return Test{std::move(parsed->sample), std::move(*match)};
}

Result<Test> Acls::test(const WordList& words) const {
    return parse_test(words, more_);
}

bool Acls::is_web(std::string_view fetch) const {
    const std::string_view name = fetch.substr(0, fetch.find('('));
    return is_web_fetch(fetch) && std::none_of(more_.begin(), more_.end(),
                                               [&](const auto& row) { return row.name == name; });
}

Result<void> Acls::add(const WordList& words) {
    if (words.size() < 2) return Error{"needs a name and what to look at"};
    const std::string& name = words[0];
    if (!is_proxy_name(name)) return Error{"'" + name + "' : character not permitted in a name"};
    if (is_or(name) || name == "if" || name == "unless")
        return Error{"name '" + name + "' is reserved"};
    Named& acl = named_[name];
    if (is_web(words[1])) {
        acl.web = "looks at HTTP ('" + words[1] + "'), which PostgreSQL does not speak";
        return {};
    }
    auto test = this->test(slice(words, 1, words.size()));
    if (!test) return test.error();
    acl.tests.push_back(std::move(*test));
    return {};
}

WordList Acls::names() const {
    WordList names;
    for (const auto& [name, acl] : named_)
        names.push_back(name);
    return names;
}

Result<Term> Acls::term(const std::string& name) const {
    const auto found = named_.find(name);
    if (found != named_.end()) {
        if (!found->second.web.empty()) return Error{"acl '" + name + "' " + found->second.web};
        return Term{false, found->second.tests};
    }
    if (const auto known = predefined().find(name); known != predefined().end()) {
        auto test = parse_test(known->second);
        if (!test) return test.error();
        return Term{false, {std::move(*test)}};
    }
    if (std::find(std::begin(web_names), std::end(web_names), name) != std::end(web_names))
        return Error{"acl '" + name + "' is about another protocol than PostgreSQL's"};
    std::vector<std::string_view> candidates;
    for (const auto& [other, acl] : named_)
        candidates.push_back(other);
    for (const auto& [other, test] : predefined())
        candidates.push_back(other);
    return Error{"no such ACL : '" + name + "'" + did_you_mean(name, candidates)};
}

Result<Condition> Acls::condition(const WordList& words) const {
    Condition condition;
    if (words.empty()) return condition;
    if (words[0] != "if" && words[0] != "unless")
        return Error{"unexpected '" + words[0] + "'; a condition begins with 'if' or 'unless'"};
    condition.negated = words[0] == "unless";
    std::vector<Term> all;
    bool negated = false;
    for (std::size_t i = 1; i < words.size(); ++i) {
        std::string word = words[i];
        if (is_or(word)) {
            if (all.empty()) return Error{"nothing before '" + word + "'"};
            condition.any.push_back(std::exchange(all, {}));
            continue;
        }
        // Terms side by side are an "and" already; HAProxy takes the word for a name.
        if (word == "and" && named_.find(word) == named_.end()) {
            const bool joins = !all.empty() && !negated && i + 1 < words.size() &&
                               !is_or(words[i + 1]) && words[i + 1] != word;
            if (!joins) return Error{"'and' stands between two conditions"};
            continue;
        }
        for (; word.starts_with('!'); word.erase(0, 1))
            negated = !negated;
        if (word.empty()) continue;
        Result<Term> one = Term{};
        if (word == "{") {
            const auto end =
                std::find(words.begin() + static_cast<std::ptrdiff_t>(i), words.end(), "}");
            if (end == words.end()) return Error{"missing closing '}' in condition"};
            const auto last = static_cast<std::size_t>(end - words.begin());
            auto test = this->test(slice(words, i + 1, last));
            if (!test) return test.error();
            one = Term{false, {std::move(*test)}};
            i = last;
        } else {
            one = term(word);
        }
        if (!one) return one.error();
        one->negated = std::exchange(negated, false);
        all.push_back(std::move(*one));
    }
    if (negated || (all.empty() && condition.any.empty()))
        return Error{"missing ACL name after '" + words.back() + "'"};
    if (!all.empty()) condition.any.push_back(std::move(all));  // HAProxy, too, bears a last "or"
    return condition;
}

}  // namespace pgsteer::config
