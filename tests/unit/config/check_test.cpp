#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/dump.h"
#include "config/load.h"

namespace pgsteer::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Read {
    std::vector<std::string> steps;
    std::vector<std::string> alerts;
};

// A listen section of these lines, with one checked server.
Read read(const std::string& lines) {
    const Loaded loaded =
        load_text("listen l\n" + lines + " server a 127.0.0.1:5432 check\n", "t.cfg",
                  [](const std::string&) { return std::optional<std::string>(); });
    Read read;
    for (const auto& diagnostic : loaded.diagnostics)
        if (diagnostic.severity == Severity::alert) read.alerts.push_back(diagnostic.line());
    read.steps = words(loaded.config.backends.at(0).check);
    return read;
}

TEST(CheckScript, of_tcp_check_lines_begins_with_a_connect) {
    EXPECT_THAT(read(" option tcp-check\n").steps, ElementsAre("connect default"));
    EXPECT_THAT(
        read(" option tcp-check\n tcp-check send PING\\r\\n\n tcp-check expect string +PONG\n"
             " tcp-check send-binary 5155\n tcp-check expect min-recv 3 ! rbinary ^45\n")
            .steps,
        ElementsAre("connect default", "send \"PING\\x0d\\x0a\"", "expect string \"+PONG\"",
                    "send \"QU\"", "expect min-recv 3 ! rbinary \"^45\""));
}

TEST(CheckScript, of_http_check_lines_completes_what_is_left_out) {
    EXPECT_THAT(read(" option httpchk\n").steps,
                ElementsAre("connect default", "send http OPTIONS / HTTP/1.0",
                            "expect status \"200-399\""));
    EXPECT_THAT(
        read(" option httpchk GET /a\n http-check connect port 8008 ssl sni db\n"
             " http-check expect status 200\n http-check connect\n"
             " http-check send meth HEAD uri-lf /%[srv_name]\n"
             " http-check expect hdr name -m beg x- value -m sub on\n")
            .steps,
        ElementsAre("connect port 8008 ssl sni db", "send http GET /a HTTP/1.0",
                    "expect status \"200\"", "connect", "send http HEAD /%[srv_name] HTTP/1.0",
                    "expect hdr name -m beg \"x-\" value -m sub \"on\""));
}

TEST(CheckScript, of_pgsql_check_is_haproxys) {
    EXPECT_THAT(read(" option pgsql-check user hap\n").steps.at(1),
                "send \"\\x00\\x00\\x00\\x12\\x00\\x03\\x00\\x00user\\x00hap\\x00\\x00\"");
    EXPECT_THAT(read(" option pgsql-check\n").alerts, ElementsAre(HasSubstr("needs 'user NAME'")));
}

TEST(CheckScript, keeps_the_words_for_results) {
    EXPECT_THAT(read(" option tcp-check\n tcp-check connect\n tcp-check comment who\n"
                     " tcp-check expect ok-status L7OKC error-status L4CON tout-status L6TOUT"
                     " on-success fine on-error \"no %[res.payload(1,3)]\" string x\n")
                    .steps.at(1),
                "expect ok-status L7OKC error-status L4CON tout-status L6TOUT on-success \"fine\" "
                "on-error \"no %[res.payload(1,3)]\" string \"x\" comment \"who\"");
}

TEST(CheckScript, says_which_line_is_wrong) {
    const std::vector<std::pair<std::string, std::string>> rows{
        {"tcp-check send-binary 5g", "[t.cfg:3] 'tcp-check send-binary' : '5g' is not hexadecimal"},
        {"tcp-check expect string", "'string' needs a value"},
        {"tcp-check expect status 200", "unknown match 'status'"},
        {"tcp-check expect rstring (", "missing closing parenthesis"},
        {"tcp-check expect ok-status L7TOUT string x", "'ok-status' takes L7OK"},
        {"tcp-check expect string a b", "unexpected argument 'b'"},
        {"tcp-check connect via-socks4", "there is no SOCKS proxy"},
        {"tcp-check connect port 0", "out of range"},
        {"tcp-check send-lf %[src]", "'src' is not supported in a check"},
        {"tcp-check send-lf 5%", "write %% for a percent sign"},
        {"tcp-check set-var(check.x) int(1)", "checks have no variables"},
        {"tcp-check send x\n tcp-check connect", "the first step must be a 'connect'"},
        {"http-check send uri /a\n http-check send uri /b", "needs an 'expect' between"},
        {"http-check expect status 200\n http-check send uri /b", "needs a 'connect' before it"},
    };
    for (const auto& [lines, why] : rows) {
        const std::string option = lines.starts_with("tcp") ? "tcp-check" : "httpchk";
        EXPECT_THAT(read(" option " + option + "\n " + lines + "\n").alerts,
                    ElementsAre(HasSubstr(why)))
            << lines;
    }
}

TEST(CheckScript, is_of_the_last_option_given) {
    EXPECT_THAT(read(" option httpchk\n option tcp-check\n").steps, ElementsAre("connect default"));
    EXPECT_THAT(read(" option tcp-check\n no option tcp-check\n").alerts, IsEmpty());
}

}  // namespace
}  // namespace pgsteer::config
