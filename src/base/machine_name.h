// The machine's name, as gethostname(2) says. Any thread.
#pragma once

#include <string>

namespace pgsteer {

// "": it cannot be told.
std::string machine_name();

}  // namespace pgsteer
