#include "health/rules.h"

#include <gtest/gtest.h>

namespace pgsteer::health {
namespace {

TEST(Fetches, every_name_of_the_language_has_a_function) {
    for (const config::FetchRow& row : config::fetch_rows())
        EXPECT_NE(routing::find_fetch(row.name), nullptr) << row.name;
}

}  // namespace
}  // namespace pgsteer::health
