#include "router/flags.h"

#include <gtest/gtest.h>

namespace pgsteer::router {
namespace {

using Words = std::vector<std::string>;

Flags parsed(const Words& words) {
    auto flags = parse_flags(words);
    EXPECT_TRUE(flags) << (flags ? "" : flags.error().text);
    return flags ? *flags : Flags{};
}

std::string refusal(const Words& words) {
    const auto flags = parse_flags(words);
    return flags ? "accepted" : flags.error().text;
}

TEST(Flags, files_come_from_every_f_and_from_behind_two_dashes) {
    EXPECT_EQ(parsed({"-f", "a.cfg", "-f", "conf.d", "--", "b.cfg", "-c"}).files,
              (Words{"a.cfg", "conf.d", "b.cfg", "-c"}));
}

TEST(Flags, a_word_of_several_letters_is_one_flag) {
    const Flags flags = parsed({"-db"});
    EXPECT_TRUE(flags.foreground);
    EXPECT_FALSE(flags.daemon);
}

TEST(Flags, the_master_mode_does_not_undo_the_background) {
    const Flags flags = parsed({"-W", "-D"});
    EXPECT_TRUE(flags.master);
    EXPECT_TRUE(flags.daemon);
    EXPECT_FALSE(flags.foreground);
}

TEST(Flags, under_systemd_the_process_stays_in_the_foreground) {
    EXPECT_TRUE(parsed({"-Ws"}).foreground);
    EXPECT_TRUE(parsed({"-Ws"}).master);
}

TEST(Flags, a_later_V_takes_q_back) {
    EXPECT_TRUE(parsed({"-q"}).quiet);
    EXPECT_FALSE(parsed({"-q", "-V"}).quiet);
}

TEST(Flags, pids_reach_up_to_the_next_flag) {
    const Flags flags = parsed({"-sf", "10", "11", "-c", "-st", "12"});
    EXPECT_EQ(flags.finish, (std::vector<int>{10, 11}));
    EXPECT_EQ(flags.end, std::vector<int>{12});
    EXPECT_TRUE(flags.check_only);
    EXPECT_TRUE(flags.replaces_another());
}

TEST(Flags, no_pids_mean_that_nobody_is_replaced) {
    EXPECT_FALSE(parsed({"-f", "a.cfg", "-sf"}).replaces_another());
}

TEST(Flags, a_pid_must_be_a_number_above_zero) {
    EXPECT_NE(refusal({"-sf", "0"}).find("-sf"), std::string::npos);
    EXPECT_NE(refusal({"-st", "all"}).find("-st"), std::string::npos);
}

TEST(Flags, values_are_taken_by_the_flags_that_want_one) {
    const Flags flags = parsed({"-p", "/run/x.pid", "-C", "/etc", "-n", "500", "-L", "node"});
    EXPECT_EQ(flags.pid_file, "/run/x.pid");
    EXPECT_EQ(flags.folder, "/etc");
    EXPECT_EQ(flags.maxconn, 500U);
}

TEST(Flags, a_missing_value_is_named) {
    EXPECT_EQ(refusal({"-f"}), "-f needs a value");
}

TEST(Flags, flags_of_haproxy_without_meaning_here_are_accepted_and_listed) {
    EXPECT_EQ(parsed({"-m", "100", "-dM"}).without_effect, (Words{"-m", "-dM"}));
}

TEST(Flags, who_is_replaced_is_asked_for_its_sockets) {
    const Flags flags = parsed({"-x", "/run/admin.sock", "-sf", "7", "-S", "/run/m.sock,mode,600"});
    EXPECT_EQ(flags.handing_over, "/run/admin.sock");
    EXPECT_EQ(flags.master_cli, (Words{"/run/m.sock,mode,600"}));
}

TEST(Flags, the_next_worker_replaces_nobody_by_number) {
    EXPECT_EQ(without_replacing({"-W", "-x", "/s", "-f", "-sf", "-sf", "1", "2", "-D", "-st"}),
              (Words{"-W", "-f", "-sf", "-D"}));
    EXPECT_EQ(without_replacing({"-sf", "1", "--", "-x", "a"}), (Words{"--", "-x", "a"}));
}

TEST(Flags, an_unknown_word_is_refused_by_name) {
    EXPECT_NE(refusal({"-z"}).find("'-z'"), std::string::npos);
    EXPECT_NE(refusal({"haproxy.cfg"}).find("'haproxy.cfg'"), std::string::npos);
}

}  // namespace
}  // namespace pgsteer::router
