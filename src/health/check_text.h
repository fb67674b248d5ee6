// What the formats of a check become, once it is known which server is asked and what it sent.
// Pure.
#pragma once

#include <string>
#include <string_view>

#include "config/config.h"

namespace pgsteer::health {

// The check of this one server: only what depends on its answer is left open.
config::Check check_for(const config::Backend& backend, const config::Server& server);
// With what was received; at most HAProxy's 80 bytes of it, up to a byte of 0.
std::string text_of(const config::Format& format, std::string_view received);

}  // namespace pgsteer::health
