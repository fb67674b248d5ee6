// A check by a program (`option external-check`): run with HAProxy's arguments and environment, in
// a process group of its own that is ended at the timeout. Control thread.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "probe/ask.h"

namespace pgsteer::probe {

boost::asio::awaitable<decltype(health::Observation::outcome)> run_program(const Target& target);

}  // namespace pgsteer::probe
