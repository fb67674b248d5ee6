// Acl: reads `acl` lines and the conditions after `if` and `unless` (HAProxy 2.6 manual, 7.1 and
// 7.2). Files that `-f` names are read here, once. Pure but for that; control thread.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/fetches.h"
#include "config/rules.h"

namespace pgsteer::config {

// A file of patterns is not larger.
inline constexpr std::size_t most_pattern_bytes = 16 * 1024 * 1024;

class Acls {
  public:
    // `more`: fetches that can be used beside those of sessions, and are looked for first.
    explicit Acls(std::span<const FetchRow> more = {}) : more_(more) {}

    // `acl NAME FETCH [FLAGS] [OPERATOR] PATTERN...`
    Result<void> add(const std::vector<std::string>& words);
    // The words from `if` or `unless` on; none: a condition that always holds.
    Result<Condition> condition(const std::vector<std::string>& words) const;
    // Why an acl cannot be used in such a rule, by its own line's words; for messages.
    std::vector<std::string> names() const;

  private:
    struct Named {
        std::vector<Test> tests;
        std::string web;  // it looks at HTTP: why it cannot be used
    };
    Result<Test> test(const std::vector<std::string>& words) const;
    bool is_web(std::string_view fetch) const;
    Result<Term> term(const std::string& name) const;
    std::span<const FetchRow> more_;
    std::map<std::string, Named, std::less<>> named_;
};

// `FETCH [FLAGS] [OPERATOR] PATTERN...`, as after `acl NAME` or within braces.
Result<Test> parse_test(const std::vector<std::string>& words, std::span<const FetchRow> more = {});

}  // namespace pgsteer::config
