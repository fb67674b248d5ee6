#include <algorithm>
#include <array>

#include "config/check_format.h"
#include "config/keywords.h"

namespace pgsteer::config {
namespace {

using Dialect = CheckLines::Dialect;

template <class Kind>
bool is(const Step& step) {
    return std::holds_alternative<Kind>(step);
}

const StepNote& note_of(const Step& step) {
    return std::visit([](const auto& any) -> const StepNote& { return any.note; }, step);
}

void begin_with_connect(std::vector<Step>& steps) {
    if (steps.empty() || !is<ConnectStep>(steps.front()))
        steps.insert(steps.begin(), connect_as_server());
}

// HTTP/1 here is one request a connection, as in HAProxy.
void check_order(Draft& draft, const std::vector<Step>& steps) {
    for (std::size_t i = 1; i < steps.size(); ++i) {
        const Step& before = steps[i - 1];
        const Location& at = note_of(steps[i]).at;
        if (is<HttpSendStep>(steps[i]) && !is<ConnectStep>(before))
            draft.alert(at, "'http-check send' : needs a 'connect' before it");
        if (is<Expect>(steps[i]) && is<ConnectStep>(before))
            draft.alert(at, "'http-check expect' : needs a 'send' before it");
        if (is<ConnectStep>(steps[i]) && !is<Expect>(before))
            draft.alert(at, "'http-check connect' : needs an 'expect' before it");
    }
}

Check http_check(Draft& draft, const CheckLines& lines) {
    Check check;
    check.http = true;
    check.disable_on_404 = lines.disable_on_404;
    check.send_state = lines.send_state;
    check.steps = lines.http_steps;
    begin_with_connect(check.steps);
    if (check.steps.size() == 1 || !is<HttpSendStep>(check.steps[1]))
        check.steps.insert(check.steps.begin() + 1, lines.request);
    check_order(draft, check.steps);
    if (is<Expect>(check.steps.back())) return check;
    Expect good;
    good.pattern = plain("200-399");  // HAProxy's default
    check.steps.push_back(good);
    return check;
}

Check tcp_check(const CheckLines& lines) {
    Check check;
    check.tells_steps = true;
    check.steps = lines.tcp_steps;
    begin_with_connect(check.steps);
    return check;
}

// A start-up packet of protocol 3.0 with the user alone, and HAProxy's two expectations
// (proxy_parse_pgsql_check_opt in src/tcpcheck.c).
Check postgres_check(const CheckLines& lines) {
    std::string body{'\0', '\3', '\0', '\0'};
    body += std::string("user") + '\0' + lines.postgres_user + '\0' + '\0';
    const auto length = static_cast<std::uint32_t>(body.size() + 4);
    std::string packet;
    for (const int shift : {24, 16, 8, 0})
        packet += static_cast<char>((length >> shift) & 0xff);
    Check check;
    check.steps.push_back(SendStep{plain(packet + body), false, {}});
    Expect no_error;
    no_error.kind = Expect::Kind::rstring;
    no_error.negate = true;
    no_error.pattern = plain("^E");
    no_error.min_recv = 5;
    no_error.error_status = CheckStatus::l7_invalid;
    no_error.postgres_error = true;
    check.steps.emplace_back(no_error);
    Expect login;
    login.kind = Expect::Kind::rbinary;
    login.pattern = plain("^52000000[A-Z0-9]{2}000000(00|02|03|04|05|06|07|09|0A)");
    login.min_recv = 9;
    login.error_status = CheckStatus::l7_wrong;
    login.on_success = plain("PostgreSQL server is ok");
    login.on_error = plain("PostgreSQL unknown error");
    check.steps.emplace_back(login);
    return check;
}

ExternalCheck external_check(const Proxy& proxy) {
    ExternalCheck external = proxy.checks.external;
    if (proxy.section != in_listen || proxy.front.binds.empty()) return external;
    const Bind& bind = proxy.front.binds.front();
    if (bind.kind == Bind::Kind::any_ipv4)
        external.proxy_address = "0.0.0.0";
    else if (bind.kind == Bind::Kind::any_ipv6)
        external.proxy_address = "::";
    else
        external.proxy_address = bind.endpoint.host;
    external.proxy_port = std::to_string(number(bind.endpoint.port));
    return external;
}

}  // namespace

Check check_of(Draft& draft, const Proxy& proxy) {
    Check check;
    switch (proxy.checks.dialect) {
        case Dialect::connect:
            break;
        case Dialect::http:
            check = http_check(draft, proxy.checks);
            break;
        case Dialect::tcp:
            check = tcp_check(proxy.checks);
            break;
        case Dialect::postgres:
            check = postgres_check(proxy.checks);
            break;
        case Dialect::role:
            check.kind = Check::Kind::role;
            break;
        case Dialect::external:
            check.kind = Check::Kind::external;
            check.external = external_check(proxy);
            break;
    }
    check.role = proxy.back.check.role;
    return check;
}

}  // namespace pgsteer::config
