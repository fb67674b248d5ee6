// MasterCli: the master's own sockets (`-S`): its few commands, and those of its workers behind a
// prefix ("@1 show stat", "@!PID ..."). Each client has a bound on time and on the length of a
// line. Owned by Master; its thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <vector>

#include "accept/acceptor.h"
#include "base/result.h"
#include "router/master.h"

namespace pgsteer::router {

// What `show proc` says.
std::string processes(const Master& master, std::int64_t now);

class MasterCli {
  public:
    // `inherited`: the sockets of the master before, if there was one.
    static Result<std::unique_ptr<MasterCli>> open(boost::asio::io_context& io, Master& master,
                                                   const std::vector<std::string>& addresses,
                                                   const std::vector<int>& inherited);
    ~MasterCli();
    std::vector<int> listeners() const { return listeners_; }

  private:
    MasterCli() = default;
    std::vector<int> listeners_;  // kept open by what accepts on copies of them
    std::vector<UniqueFd> sockets_;
    std::vector<OwnedPath> paths_;
    std::vector<std::unique_ptr<accept::Acceptor>> acceptors_;
};

}  // namespace pgsteer::router
