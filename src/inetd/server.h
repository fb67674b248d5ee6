// All services of the files: starts them, and brings them up to date when the files are read again.
// Owned by `pgsteer inetd`; its executor's thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <map>
#include <string>
#include <vector>

#include "inetd/service.h"

namespace pgsteer::inetd {

class Server {
  public:
    Server(boost::asio::any_io_executor executor, Common common);

    // Starts what is new, changes what stays, ends what is gone. `given` are listening sockets of
    // systemd, used where the port fits. Each service that cannot run is one line in the result.
    std::vector<std::string> apply(const config::InetConfig& config, std::vector<UniqueFd> given);
    std::size_t size() const { return services_.size(); }
    std::vector<std::string> dump() const;
    std::size_t processes() const { return common_.processes; }
    void stop() { services_.clear(); }

  private:
    boost::asio::any_io_executor executor_;
    Common common_;
    std::map<std::string, Service> services_;  // by id
};

}  // namespace pgsteer::inetd
