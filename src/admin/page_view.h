// The page as pieces of HTML, made from a Snapshot. Works without scripts; what may change has an
// id and is sent anew while somebody looks (live.h). Pure.
#pragma once

#include <string>

#include "admin/face.h"
#include "admin/page_order.h"
#include "admin/pieces.h"
#include "admin/snapshot.h"

namespace pgsteer::admin {

struct PageView {
    const Snapshot& snapshot;
    const config::StatsPage& page;
    bool admin = false;      // show what changes things
    std::string token = {};  // for its forms
    // Of this request.
    bool refresh = true;
    bool live = true;         // may follow changes
    std::string filter = {};  // names of sections hold it
    std::string result = {};  // HAProxy's word for what became of an order
};

Pieces page_pieces(const PageView& view);
// `version` is what the pieces are, for who follows from there.
std::string page_document(const PageView& view, const Pieces& pieces, std::uint64_t version);
// Asks whether it is meant, since it cannot be taken back.
std::string confirmation(const PageView& view, const Order& order);

// Parts of it.
Pieces cluster_pieces(const PageView& view);  // the picture, and the same as a table
Pieces history_pieces(const PageView& view);  // failovers and events
Pieces frontend_pieces(const PageView& view);
Pieces backend_pieces(const PageView& view, const ProxyLine& backend);

// An <svg> of the sign for a tone; decoration, as a word stands beside it.
std::string sign(Tone tone);
// The page's address with words after it, for links and forms.
std::string link(const config::StatsPage& page, std::string_view words);

}  // namespace pgsteer::admin
