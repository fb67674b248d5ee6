// Judge: is what a probe brought back what this listener expects of its servers? Pure. One per
// server, made at start (regular expressions are compiled once); control thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "health/expectation.h"
#include "health/observation.h"

namespace pgsteer::health {

struct Judgement {
    bool passed = false;
    bool conditional = false;       // it may keep its sessions, but takes no new ones
    std::string word;               // HAProxy's: L4OK L4CON L4TOUT L7OK L7STS L7RSP L7TOUT SOCKERR
    std::string words;              // as HAProxy logs it: "Layer7 wrong status"
    int code = 0;                   // HTTP status or what `status-code` says; 0: none
    std::string info;               // the answer's reason, or the error
    bool tells_code = false;        // in log lines
    bool tells_info = false;        // in log lines
    Role role = Role::unknown;      // to be shown
    std::optional<NodeState> node;  // its vote
};

// The expectations about the last answer of an HTTP check are the asking listener's; all others are
// part of the question. See health/schedule.
std::size_t first_own_expectation(const config::Check& check);

class Judge {
  public:
    // `check`: of this server (health/check_text).
    explicit Judge(const config::Check& check);
    // `was_up`: what it was until now; a 404 is something else to a server that was fit.
    Judgement judge(const Observation& observation, bool was_up = false) const;

  private:
    ScriptEnd end_of(const Failure& failure) const;
    ScriptEnd end_of(const HttpAnswer& answer, bool was_up) const;
    Judgement judge_node(const NodeState& node) const;

    std::vector<Expectation> expectations_;  // of the last answer
    bool disable_on_404_;
    bool tells_steps_;
    config::RoleCheck::Expect expected_role_;
};

}  // namespace pgsteer::health
