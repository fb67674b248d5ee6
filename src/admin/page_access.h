// Access: who may see a stats page, who may change things on it, and whether a request that changes
// something was sent by the page itself or by a script, and not by another site's page. Its
// conditions are config/'s, asked of a request. One for each page; control thread.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/condition.h"
#include "config/stats_page.h"
#include "http/server.h"

namespace pgsteer::admin {

struct Login {
    std::string user, password;
};
// Of an `Authorization: Basic` header; nothing when it is none.
std::optional<Login> login_of(const http::Request& request);

// Passwords of userlists are slow to check, on the thread that decides about failovers: those found
// right are remembered, and only so many are checked in a second.
class Passwords {
  public:
    bool fit(const config::Userlist& list, const Login& login, TimePoint now);

  private:
    bool may_compute(TimePoint now);
    std::deque<std::string> right_;
    TimePoint second_ = TimePoint::min();
    unsigned computed_ = 0;
};

struct Admission {
    enum class Verdict { allowed, denied, asks_password };
    Verdict verdict = Verdict::allowed;
    std::string realm;
    bool admin = false;       // may change things
    bool recognised = false;  // a password was right
};

class Access {
  public:
    // `token`: who has it has read the page. `host_name`: this machine's, as people may call it.
    Access(const config::StatsPage& page, std::string token, std::string host_name);

    Admission admit(const http::Request& request, TimePoint now);
    // Why a request that changes something is not carried out; nothing when it may be. `token` is
    // the form's.
    std::optional<std::string> distrust(const http::Request& request, std::string_view token,
                                        bool recognised) const;
    const std::string& token() const { return token_; }

  private:
    bool holds(const config::Condition& condition, const http::Request& request, TimePoint now);
    bool ask(const config::Test& test, const http::Request& request, TimePoint now);
    bool is_member(const config::Test& test, const http::Request& request, TimePoint now);
    bool fits_stats_auth(const http::Request& request) const;
    bool is_own_name(std::string_view host) const;

    const config::StatsPage& page_;
    std::string token_, host_name_;
    Passwords passwords_;
};

}  // namespace pgsteer::admin
