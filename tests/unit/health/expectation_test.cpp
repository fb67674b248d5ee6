#include "health/expectation.h"

#include <gtest/gtest.h>

#include "unit/health/sample.h"

namespace pgsteer::health {
namespace {

using Kind = config::Expect::Kind;
using enum Expectation::Finding;

TEST(Expectation, of_bytes_waits_for_what_may_still_come) {
    struct Row {
        Kind kind;
        const char* pattern;
        bool negate;
        std::optional<std::uint32_t> min_recv;
        std::string received;
        bool all;
        Expectation::Finding finding;
    };
    const std::vector<Row> rows{
        {Kind::string, "PONG", false, {}, "+PO", false, undecided},
        {Kind::string, "PONG", false, {}, "+PO", true, unmet},
        {Kind::string, "PONG", false, {}, "+PONG", false, met},
        {Kind::string, "PONG", false, {}, "+OTHER", false, undecided},
        {Kind::string, "PONG", false, 6, "+OTHER", false, unmet},
        {Kind::string, "PONG", true, 6, "+OTHER", false, met},
        {Kind::string, "PONG", true, {}, "+PONG", false, unmet},
        {Kind::rstring, "^E", true, 5, "R\0\0\0", false, undecided},
        {Kind::rstring, "^E", true, 5, std::string("R\0\0\0\x8", 5), false, met},
        {Kind::rbinary, "^52000000", false, 4, std::string("R\0\0\0", 4), false, met},
        {Kind::binary, "\xff", false, {}, "\xff", false, met},
    };
    for (std::size_t i = 0; i < rows.size(); ++i) {
        config::Expect wanted = expect(rows[i].kind, rows[i].pattern, rows[i].negate);
        wanted.min_recv = rows[i].min_recv;
        EXPECT_EQ(Expectation(wanted).find(rows[i].received, rows[i].all), rows[i].finding)
            << "row " << i;
    }
}

TEST(Expectation, tells_why_it_was_not_met_in_haproxys_words) {
    config::Expect wanted = expect(Kind::string, "PONG");
    wanted.note = {2, "is it redis?", {}};
    EXPECT_EQ(Expectation(wanted).unmet("x", true).info,
              "TCPCHK did not match content 'PONG' at step 2 comment: is it redis?");
    EXPECT_EQ(Expectation(wanted).empty().info,
              "TCPCHK got an empty response at step 2 comment: 'is it redis?'");
    wanted.note.comment.clear();
    wanted.on_error = {{config::FormatPart::What::text, "got ", 0, 0},
                       {config::FormatPart::What::payload, "", 1, 2}};
    wanted.error_status = config::CheckStatus::l4_failed;
    const ScriptEnd end = Expectation(wanted).unmet("abcd", true);
    EXPECT_EQ(end.info, "got bc");
    EXPECT_EQ(end.status, config::CheckStatus::l4_failed);
}

TEST(Expectation, shows_postgresqls_own_message) {
    config::Expect wanted = expect(Kind::rstring, "^E", true);
    wanted.postgres_error = true;
    const std::string packet("E\0\0\0\x20SFATAL\0VFATAL\0C28000\0Mno pg_hba.conf entry\0\0", 47);
    EXPECT_EQ(Expectation(wanted).unmet(packet, false).info, "FATAL: no pg_hba.conf entry");
    EXPECT_EQ(Expectation(wanted).unmet("E", false).info, "");
}

TEST(Expectation, of_headers_compares_names_in_any_case) {
    HttpAnswer answered = answer(200);
    answered.headers = {{"X-Role", "Primary, sync"}, {"Server", "patroni"}};
    const auto finds = [&](config::TextMatch name, config::TextMatch value, bool whole) {
        config::Expect wanted = expect(Kind::header, "");
        wanted.header_name = std::move(name);
        wanted.header_value = std::move(value);
        wanted.full_header = whole;
        return Expectation(wanted).find(answered) == met;
    };
    using How = config::TextMatch::How;
    const auto match = [](How how, const char* text) {
        return config::TextMatch{how, config::plain(text)};
    };
    EXPECT_TRUE(finds(match(How::equal, "x-role"), {}, false));
    EXPECT_FALSE(finds(match(How::equal, "x-other"), {}, false));
    EXPECT_TRUE(finds(match(How::equal, "x-role"), match(How::equal, "sync"), false));
    EXPECT_FALSE(finds(match(How::equal, "x-role"), match(How::equal, "sync"), true));
    EXPECT_FALSE(finds(match(How::equal, "x-role"), match(How::equal, "primary"), false));
    EXPECT_TRUE(finds(match(How::begin, "SER"), match(How::regex, "^pat.*i$"), false));
    EXPECT_TRUE(finds(match(How::end, "-role"), match(How::part, "y, s"), true));
}

}  // namespace
}  // namespace pgsteer::health
