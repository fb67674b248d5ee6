// Page: what a frontend of mode http answers: the stats page, its other forms (";csv", ";json"),
// what it is made of, changes as they happen, forms that change servers, and the metrics. One for
// each listener's section; owned by router/control, control thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "admin/live.h"
#include "admin/page_access.h"
#include "admin/page_view.h"

namespace pgsteer::admin {

struct PageParts {
    config::StatsPage page;
    std::string token;      // of this process and page; who has it has read the page
    std::string host_name;  // this machine's
    std::function<Snapshot()> snapshot;
    std::function<std::string_view(const Order&)> carry_out;
    boost::asio::any_io_executor executor;
};

class Page {
  public:
    // A form that chooses a thousand servers with long names fits.
    static constexpr std::size_t most_body_bytes = 64 * 1024;

    explicit Page(PageParts parts);

    http::Response answer(const http::Request& request);
    void changed();  // the cluster did: who looks at it is told
    const std::string& token() const { return access_.token(); }

  private:
    struct Wanted;
    http::Response answer_page(const http::Request& request, const Wanted& wanted,
                               const Admission& admission);
    http::Response document(const Wanted& wanted, bool admin);
    http::Response stream(const http::Request& request, const Wanted& wanted, bool admin);
    http::Response change(const http::Request& request, const Wanted& wanted,
                          const Admission& admission);
    Snapshot shown(const Wanted& wanted) const;
    Pieces all(bool admin) const;
    Live& live(bool admin) { return admin ? for_admins_ : for_others_; }

    PageParts parts_;
    Access access_;
    Live for_admins_, for_others_;
};

// Who asks anew with the same secret each time is a page of this process.
std::string fresh_token();

}  // namespace pgsteer::admin
