// Expectation: what one `expect` line says of an answer, as HAProxy's tcpcheck_eval_expect and
// tcpcheck_eval_expect_http do. Pure; made once (its regular expressions are compiled), then used
// on the control thread.
#pragma once

#include <optional>
#include <string_view>

#include "base/pattern.h"
#include "config/check.h"
#include "health/observation.h"

namespace pgsteer::health {

class Expectation {
  public:
    explicit Expectation(const config::Expect& expect);

    enum class Finding { met, unmet, undecided };
    // Of the bytes received so far; `all`: no more will come.
    Finding find(std::string_view received, bool all) const;
    Finding find(const HttpAnswer& answer) const;

    // How a check ends that fails here, or passes with this as its last step. `tells_steps`: a
    // failure without words of its own names its step.
    ScriptEnd unmet(std::string_view received, bool tells_steps) const;
    ScriptEnd unmet(const HttpAnswer& answer) const;
    ScriptEnd met(std::string_view received, bool tells_steps) const;
    ScriptEnd met(const HttpAnswer& answer) const;
    // Nothing came, or not in time.
    ScriptEnd empty() const;
    ScriptEnd late(const std::string& info) const;

  private:
    std::string with_comment(std::string info) const;
    int code_of(std::string_view received) const;
    bool matches_bytes(std::string_view received) const;
    bool matches_answer(const HttpAnswer& answer) const;
    bool matches_header(const HttpAnswer& answer) const;
    std::optional<Pattern> compile(const config::Format& expression) const;
    bool search(const std::optional<Pattern>& pattern, std::string_view text) const;
    bool holds(const config::TextMatch& match, const std::optional<Pattern>& pattern,
               std::string_view text, bool any_case) const;

    config::Expect expect_;
    std::string wanted_;  // its pattern as text
    std::optional<Pattern> pattern_;
    std::optional<Pattern> header_name_;
    std::optional<Pattern> header_value_;
};

}  // namespace pgsteer::health
