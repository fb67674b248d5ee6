// A service's own log in xinetd's words: START, EXIT and FAIL lines to syslog or to a file with
// limits of its size. Owned by its service; control thread.
#pragma once

#include <string>
#include <string_view>

#include "base/address.h"
#include "base/fd.h"
#include "config/xinetd.h"
#include "inetd/limits.h"

namespace pgsteer::inetd {

class ServiceLog {
  public:
    // Opens the file anew, too: after a reload it may have been moved away.
    void configure(const config::InetService& service);

    void start(const Address& peer, int pid);
    // `status` is the exit status, or the signal's number when `by_signal`.
    void exit(int pid, bool by_signal, int status, seconds duration);
    void fail(const Address& peer, Refusal refusal);

  private:
    void write(const std::string& text);
    void write_file(const std::string& text);

    config::LogType type_;
    config::LogWhat success_, failure_;
    std::string id_;
    UniqueFd file_;
    std::uint64_t size_ = 0;
    bool soft_told_ = false, hard_told_ = false;
};

}  // namespace pgsteer::inetd
