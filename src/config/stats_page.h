// StatsPage: what a section of mode http shows, to whom, and who may change things there. Part of
// Config; immutable after the load.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "config/rules.h"
#include "config/userlist.h"

namespace pgsteer::config {

// `stats http-request`: the first rule whose condition holds is the last word.
struct PageRule {
    enum class Action : std::uint8_t { allow, deny, auth };
    Action action = Action::allow;
    std::optional<std::string> realm;  // auth
    Condition condition;
};

struct StatsPage {
    std::string uri = "/haproxy?stats";  // HAProxy's default
    std::optional<seconds> refresh;
    std::optional<std::string> realm;
    std::vector<std::string> users;  // "user:password" of `stats auth`; never logged
    bool hide_version = false;
    bool show_node = false;
    std::optional<std::string> node;  // instead of the global one
    bool show_legends = false;
    bool page = false;  // `stats enable` or another line of it; else there are metrics alone
    // `http-request use-service prometheus-exporter`: where; "": everywhere.
    std::optional<std::string> metrics_path;
    bool metrics_prefix = false;  // all that begins so
    std::optional<std::string> description;
    std::vector<std::string> scope;  // names of sections; none: all. After resolve without "."
    std::vector<PageRule> rules;
    std::vector<Condition> admin;     // who may change things: any of them holds
    std::vector<Userlist> userlists;  // that conditions name
};

}  // namespace pgsteer::config
