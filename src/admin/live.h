// Live: what open pages are told when something changes (server-sent events). It keeps each part of
// the page as it was rendered last, and the version in which it changed; who has seen a version
// gets the parts that changed since. Renders only while somebody looks, once a second (less often
// when the page is long) and when the cluster changes. One for all viewers of a page who see the
// same. Control thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "admin/pieces.h"
#include "base/clock.h"
#include "http/server.h"

namespace pgsteer::admin {

class Live {
  public:
    using Render = std::function<Pieces()>;

    Live(boost::asio::any_io_executor executor, Render render);
    Live(const Live&) = delete;
    Live& operator=(const Live&) = delete;
    ~Live() { stream_->end(); }

    // The page is shown to somebody; the version it is.
    std::uint64_t take(const Pieces& pieces, TimePoint now);
    // A stream of what changes after that version; 503 when too many look already.
    http::Response open(std::uint64_t seen);
    void changed();  // the cluster did

  private:
    struct Part {
        std::string id, html;
        std::uint64_t version = 0;
    };
    bool anybody_looks() const { return stream_.use_count() > 1; }
    void look();
    void look_at(TimePoint when);
    std::shared_ptr<const std::string> since(std::uint64_t seen) const;

    Render render_;
    std::shared_ptr<const int> alive_ =
        std::make_shared<const int>(0);  // what is under way asks it
    std::vector<Part> parts_;
    std::uint64_t version_;
    std::uint64_t shape_version_ = 0;  // when parts came or went last
    TimePoint last_ = TimePoint::min();
    boost::asio::steady_timer timer_;
    bool waiting_ = false;
    std::shared_ptr<http::Broadcast> stream_;
};

}  // namespace pgsteer::admin
