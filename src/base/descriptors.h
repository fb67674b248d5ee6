// What is asked of and said to descriptors beside their owner. Any thread.
#pragma once

#include "base/fd.h"

namespace pgsteer {

bool is_listening(int fd);
// Another number for the same thing, not kept over an exec; none: there is no number left.
UniqueFd duplicate(int fd);
void keep_over_exec(int fd);
void close_on_exec(int fd);

}  // namespace pgsteer
