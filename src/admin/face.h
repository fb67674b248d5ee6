// Face: how one server looks to people: in PostgreSQL's words, and in one of a few tones that the
// page gives a sign, a colour and a word each (never a colour alone). A healthy standby on the
// read-write listener is a standby and no alarm. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pgsteer::admin {

struct ServerLine;

// From what a person should see first to what least.
enum class Tone : std::uint8_t {
    fenced,   // says primary, may not be used
    good,     // takes sessions
    busy,     // keeps its sessions, gets no new ones: drains, lags, is silent
    bad,      // down
    off,      // an operator's or the file's will
    unknown,  // not judged yet
    idle,     // healthy, and not for this listener
};
std::string_view word(Tone tone);  // "fenced", "good", ...; class of the style and name of the sign

struct Face {
    Tone tone = Tone::unknown;
    std::string state;   // "up", "standby", "down", "fenced", "maintenance", ...
    std::string reason;  // one sentence, or nothing when there is nothing to explain
};

Face face_of(const ServerLine& server);

}  // namespace pgsteer::admin
