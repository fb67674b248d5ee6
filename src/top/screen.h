// Screen: picture and view become the lines that a terminal of a size shows. Pure.
#pragma once

#include <string>
#include <vector>

#include "top/line.h"
#include "top/view.h"

namespace pgsteer::top {

struct Size {
    std::size_t width = 80, height = 24;
};

// Exactly `size.height` lines, none wider than `size.width`. `socket` is whom is asked.
std::vector<Line> screen(const Picture& picture, const View& view, const std::string& socket,
                         Size size);

// All there is to see, for a pipe or a file: no keys, nothing scrolled away.
std::vector<Line> printout(const Picture& picture, const View& view, const std::string& socket,
                           std::size_t width);

}  // namespace pgsteer::top
