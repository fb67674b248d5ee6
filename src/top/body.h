// The tables between a screen's head and foot, a function for each page. Pure.
#pragma once

#include <vector>

#include "top/line.h"
#include "top/view.h"

namespace pgsteer::top {

// At most `height` lines of the page, the selected one among them; the selected line is marked.
std::vector<Line> body(const Picture& picture, const View& view, std::size_t width,
                       std::size_t height);

}  // namespace pgsteer::top
