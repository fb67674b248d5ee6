// The one folder that holds all the demo makes. A small process of its own (the janitor) removes it
// when the demo has gone, whether it ended, crashed or was killed with SIGKILL. Main thread.
#pragma once

#include <sys/types.h>

#include <filesystem>

#include "base/fd.h"
#include "base/result.h"

namespace pgsteer::cli {

class DemoFolder {
  public:
    // Under $TMPDIR or /tmp. Call before any child is started: the janitor keeps what is open.
    static Result<DemoFolder> make();
    DemoFolder(DemoFolder&&) = default;
    DemoFolder& operator=(DemoFolder&&) = delete;
    ~DemoFolder();  // tells the janitor and waits until the folder is gone

    const std::filesystem::path& path() const { return path_; }

  private:
    DemoFolder() = default;
    std::filesystem::path path_;
    UniqueFd alive_;  // the janitor reads the other end: it ends when we do
    pid_t janitor_ = -1;
};

}  // namespace pgsteer::cli
