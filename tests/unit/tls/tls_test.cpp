#include <gmock/gmock.h>

#include "tls/context.h"
#include "tls/end.h"
#include "tls/settings.h"

namespace pgsteer::tls {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Settings, take_from_the_defaults_what_they_do_not_say) {
    Settings defaults;
    defaults.ciphers = "A";
    defaults.suites = "B";
    defaults.lowest = Version::tls12;
    defaults.versions_off = 2;
    defaults.reuse = false;
    Settings own;
    own.ciphers = "C";
    own.highest = Version::tls12;
    own.versions_off = 4;
    const Settings both = completed(own, defaults);
    EXPECT_EQ(both.ciphers, "C");
    EXPECT_EQ(both.suites, "B");
    EXPECT_EQ(both.lowest, Version::tls12);
    EXPECT_EQ(both.highest, Version::tls12);
    EXPECT_EQ(both.versions_off, 6);
    EXPECT_FALSE(both.reuse);
    EXPECT_EQ(completed(own, Settings{}), own);
}

TEST(Contexts, are_shared_by_equal_settings_alone) {
    Contexts contexts;
    Settings none;
    none.verify = Verify::none;
    Settings newer = none;
    newer.lowest = Version::tls13;
    const auto first = contexts.client(none), again = contexts.client(none),
               other = contexts.client(newer);
    ASSERT_TRUE(first && again && other);
    EXPECT_EQ(*first, *again);
    EXPECT_NE(*first, *other);
}

TEST(Contexts, name_what_cannot_be_used) {
    Contexts contexts;
    Settings settings;
    settings.verify = Verify::required;
    settings.ca_file = "/nowhere/ca.pem";
    EXPECT_THAT(contexts.client(settings).error().text,
                HasSubstr("ca-file '/nowhere/ca.pem' cannot be read: No such file"));
    settings.ca_file.clear();
    settings.verify = Verify::none;
    settings.certificates = {"/nowhere/own.pem"};
    EXPECT_THAT(contexts.client(settings).error().text, HasSubstr("'/nowhere/own.pem'"));
    settings.certificates.clear();
    settings.ciphers = "NOTHING";
    EXPECT_THAT(contexts.client(settings).error().text, HasSubstr("ciphers 'NOTHING': no cipher"));
    settings.ciphers.clear();
    settings.lowest = Version::tls13;
    settings.versions_off = 1U << static_cast<unsigned>(Version::tls13);
    EXPECT_THAT(contexts.client(settings).error().text, HasSubstr("all versions"));
    EXPECT_THAT(Incoming::make(Settings{}).error().text, HasSubstr("no certificate"));
}

TEST(Protocols, stand_each_after_its_length) {
    EXPECT_THAT(wire_form({"h2", "postgresql"}),
                ElementsAre(2, 'h', '2', 10, 'p', 'o', 's', 't', 'g', 'r', 'e', 's', 'q', 'l'));
}

TEST(HandshakeWords, say_the_certificate_first_then_the_reason_then_the_connection) {
    EXPECT_EQ(handshake_words({0, X509_V_ERR_HOSTNAME_MISMATCH, 0}),
              "SSL handshake failure (certificate not believed: hostname mismatch)");
    EXPECT_EQ(handshake_words({0, 0, ECONNRESET}),
              "Connection error during SSL handshake failure (Connection reset by peer)");
    EXPECT_EQ(handshake_words({0, 0, 0}), "Connection closed during SSL handshake");
}

}  // namespace
}  // namespace pgsteer::tls
