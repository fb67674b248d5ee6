// A line of the log on its way out: what it says (Record) and the bytes a target gets for it, in
// each of HAProxy's forms (update_log_hdr and process_send_log in src/log.c), as JSON and as fields
// of the journal. Pure: time, process and host are arguments. Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/log_target.h"

namespace pgsteer::log {

// One fact of a line, for JSON and for the journal.
struct Field {
    std::string_view key;  // lower case, with '_'
    std::string text;
    bool is_number = false;
};

struct Record {
    Level level = Level::info;
    std::string text;  // no line end; empty: it has fields only
    std::string_view event = "message";
    std::vector<Field> fields = {};
    std::string structured = "-";     // RFC 5424's STRUCTURED-DATA
    std::optional<Level> shown = {};  // on the terminal, where it is another than in syslog
};

struct Sender {
    WallTime now;
    int pid = 0;
    std::string host;
};

// With the line end. A line that is too long is cut; of JSON the message is, so that the object
// stays whole.
std::string frame(const Target& target, const Record& record, const Sender& sender);
// "KEY=value" each: MESSAGE, PRIORITY, SYSLOG_..., PGSTEER_EVENT, PGSTEER_... of the fields.
std::vector<std::string> journal_fields(std::string_view tag, const Record& record);

// "26/Nov/2026:23:26:39": the date of HAProxy's session lines. English whatever the locale.
std::string clf_date(const std::tm& at);
// "2026-11-26T23:26:39.099102+00:00", in local time.
std::string iso_date(WallTime at);

}  // namespace pgsteer::log
