// Pieces: a document on its way. Values; any thread.
#pragma once

#include <string>
#include <vector>

namespace pgsteer::admin {

// A document is its pieces one after the other. One with an id is an element of that id, and is
// sent anew when it changes; the others never change.
struct Piece {
    std::string id;
    std::string html;  // with marks for ages (html.h)
};
using Pieces = std::vector<Piece>;

}  // namespace pgsteer::admin
