#include "config/sections.h"

#include "config/keywords.h"

namespace pgsteer::config {
namespace {

constexpr auto honoured = KeywordClass::honoured;
constexpr auto inert = KeywordClass::inert;
constexpr auto refused = KeywordClass::refused;

constexpr std::string_view no_web = "there is no HTTP to relay";

constexpr SectionRow rows[] = {
    {"global", in_global, honoured, "the process"},
    {"defaults", in_defaults, honoured, "what the sections below start from; may have a name"},
    {"listen", in_listen, honoured, "a frontend and a backend in one"},
    {"frontend", in_frontend, honoured, "where clients come in"},
    {"backend", in_backend, honoured, "the servers that take their sessions"},
    {"resolvers", in_resolvers, honoured, "whom servers' names are asked of, and how often"},
    {"peers",
     0,
     inert,
     {},
     "there are no stick tables to share",
     {},
     "peer bind default-bind default-server server table log disabled enabled shards "},
    {"userlist", in_userlist, honoured, "who may log in to a stats page, by its conditions"},
    {"cache",
     0,
     inert,
     {},
     no_web,
     {},
     "total-max-size max-object-size max-age max-secondary-entries process-vary "},
    {"http-errors", 0, inert, {}, no_web, {}, "errorfile "},
    {"fcgi-app",
     0,
     inert,
     {},
     no_web,
     {},
     "acl docroot index log-stderr pass-header path-info option set-param no "},
    {"mailers",
     0,
     inert,
     {},
     "no mail is sent; 'email-alert' lines are refused",
     {},
     "mailer timeout "},
    {"ring",
     0,
     inert,
     {},
     "log lines go straight to their target; 'log ring@' is refused",
     {},
     "backing-file description format maxlen server size timeout "},
    {"program",
     0,
     refused,
     {},
     "pgsteer starts no programs",
     "let the service manager start it",
     "command user group option no "},
    {"log-forward",
     0,
     refused,
     {},
     "pgsteer forwards no log lines",
     "use a syslog server",
     "bind dgram-bind log maxconn backlog timeout option no default "},
};

}  // namespace

std::span<const SectionRow> section_rows() {
    return rows;
}

}  // namespace pgsteer::config
