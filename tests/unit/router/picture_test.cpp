#include "router/picture.h"

#include <gtest/gtest.h>

namespace pgsteer::router {
namespace {

constexpr TimePoint start{seconds(1000)};

// pg0 is the primary on timeline 3 until somebody says otherwise.
BackendView view() {
    BackendView view;
    view.name = "ReadWrite";
    view.servers = {{"pg0", true, pgwire::Timeline{3}, "", 0, 212},
                    {"pg1", false, pgwire::Timeline{3}, "check-failed", 0, 0}};
    return view;
}

std::string text_of(const std::vector<log::Record>& records) {
    std::string text;
    for (const log::Record& record : records)
        text += (text.empty() ? "" : "\n") + record.text;
    return text;
}

void pg0_dies(BackendView& view) {
    view.servers[0].is_primary = false;
    view.servers[0].why = "check-failed";
    view.servers[0].cut = 212;
    view.servers[0].sessions = 0;
}
void pg1_is_promoted(BackendView& view) {
    view.servers[1].is_primary = true;
    view.servers[1].timeline = pgwire::Timeline{4};
}

TEST(Picture, the_first_primary_is_told) {
    Picture picture;
    EXPECT_EQ(text_of(picture.look(view(), start)),
              "Proxy ReadWrite: pg0 is the primary now (timeline 3)");
    EXPECT_EQ(text_of(picture.look(view(), start + seconds(1))), "");
}

TEST(Picture, a_failover_is_one_line_of_who_was_cut_and_who_was_released) {
    Picture picture;
    BackendView now = view();
    picture.look(now, start);
    pg0_dies(now);
    now.waiting = 38;
    EXPECT_EQ(text_of(picture.look(now, start + seconds(10))),
              "Proxy ReadWrite: no primary now: pg0: check-failed; 38 clients wait");
    pg1_is_promoted(now);
    const TimePoint promoted = start + seconds(15) + milliseconds(250);
    EXPECT_EQ(text_of(picture.look(now, promoted)), "");
    EXPECT_TRUE(picture.is_unsettled("ReadWrite"));
    now.waiting = 5;
    now.released = 33;
    EXPECT_EQ(text_of(picture.look(now, promoted + milliseconds(10))), "");
    now.waiting = 0;
    now.released = 38;
    const auto told = picture.look(now, promoted + milliseconds(21));
    EXPECT_EQ(text_of(told),
              "Proxy ReadWrite: pg1 is the primary now (timeline 4, was 3) after 5.2 s without "
              "one; 212 sessions cut on pg0; 38 waiting clients released in 21 ms");
    EXPECT_EQ(told[0].event, "primary");
    EXPECT_FALSE(picture.is_unsettled("ReadWrite"));
}

TEST(Picture, a_primary_that_changes_at_once_waits_for_the_old_ones_sessions_to_be_cut) {
    Picture picture;
    BackendView now = view();
    picture.look(now, start);
    now.servers[0].is_primary = false;
    pg1_is_promoted(now);
    EXPECT_EQ(text_of(picture.look(now, start + seconds(1))), "");
    pg0_dies(now);
    EXPECT_EQ(text_of(picture.look(now, start + seconds(1) + milliseconds(2))),
              "Proxy ReadWrite: pg1 is the primary now (timeline 4, was 3); 212 sessions cut on "
              "pg0");
}

TEST(Picture, what_was_told_once_is_not_counted_again) {
    Picture picture;
    BackendView now = view();
    picture.look(now, start);
    pg0_dies(now);
    pg1_is_promoted(now);
    picture.look(now, start + seconds(1));
    now.servers[1].is_primary = false;
    now.servers[1].cut = 1;
    now.servers[0].is_primary = true;
    now.servers[0].timeline = pgwire::Timeline{5};
    EXPECT_EQ(text_of(picture.look(now, start + seconds(2))),
              "Proxy ReadWrite: pg0 is the primary now (timeline 5, was 4); 1 session cut on pg1");
}

TEST(Picture, clients_that_wait_on_hold_the_line_back_for_five_seconds_at_most) {
    Picture picture;
    BackendView now = view();
    now.waiting = 2;
    EXPECT_EQ(text_of(picture.look(now, start)), "");
    now.waiting = 1;
    now.released = 1;
    EXPECT_EQ(text_of(picture.look(now, start + seconds(5))),
              "Proxy ReadWrite: pg0 is the primary now (timeline 3); 1 waiting client released in "
              "5000 ms, 1 still wait");
}

TEST(Picture, a_backend_without_known_roles_has_no_picture) {
    Picture picture;
    BackendView now = view();
    now.servers[0].is_primary = false;
    EXPECT_EQ(text_of(picture.look(now, start)), "");
    EXPECT_FALSE(picture.is_unsettled("ReadWrite"));
}

}  // namespace
}  // namespace pgsteer::router
