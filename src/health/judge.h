// Judge: is what a probe brought back what this listener expects of its servers? Pure. One per
// server, made at start (regular expressions are compiled once); control thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/pattern.h"
#include "config/config.h"
#include "health/observation.h"

namespace pgsteer::health {

struct Judgement {
    bool passed = false;
    std::string word;               // HAProxy's: L4OK L4CON L4TOUT L7OK L7STS L7RSP L7TOUT SOCKERR
    std::string words;              // as HAProxy logs it: "Layer7 wrong status"
    int code = 0;                   // HTTP status; 0: none
    std::string info;               // the answer's reason, or the error
    Role role = Role::unknown;      // to be shown
    std::optional<NodeState> node;  // its vote
};

class Judge {
  public:
    explicit Judge(const config::Check& check);
    Judgement judge(const Observation& observation) const;

  private:
    struct Rule {
        config::Expect expect;
        std::optional<Pattern> pattern;  // rstatus and rstring; none: it cannot be used
    };
    Judgement judge_answer(const HttpAnswer& answer) const;
    static bool matches(const Rule& rule, const HttpAnswer& answer);

    Judgement judge_node(const NodeState& node) const;

    std::vector<Rule> rules_;
    config::RoleCheck::Expect expected_role_;
};

}  // namespace pgsteer::health
