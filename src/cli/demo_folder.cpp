#include "cli/demo_folder.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string>
#include <utility>

namespace pgsteer::cli {
namespace {

constexpr int most_tries = 200;  // of removing, 50 ms apart: servers may still be writing
constexpr int pause_ms = 50;

[[noreturn]] void be_janitor(int demo_alive, const std::filesystem::path& folder) {
    ::setsid();
    for (const int signal : {SIGINT, SIGTERM, SIGHUP})
        (void)std::signal(signal, SIG_IGN);
    char byte = 0;
    while (::read(demo_alive, &byte, 1) < 0 && errno == EINTR) {
    }
    for (int i = 0; i < most_tries; ++i) {
        std::error_code failed;
        std::filesystem::remove_all(folder, failed);
        if (!std::filesystem::exists(folder)) ::_exit(0);
        ::poll(nullptr, 0, pause_ms);
    }
    ::_exit(1);
}

}  // namespace

Result<DemoFolder> DemoFolder::make() {
    const char* parent = std::getenv("TMPDIR");
    std::string name = std::string(parent && *parent ? parent : "/tmp") + "/pgsteer-demo-XXXXXX";
    if (!::mkdtemp(name.data())) return system_error("cannot make a folder " + name);
    ::chmod(name.c_str(), 0755);  // user postgres works in sub-folders of it

    DemoFolder folder;
    folder.path_ = name;
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return system_error("pipe");
    UniqueFd read_end(ends[0]);
    folder.alive_.reset(ends[1]);
    folder.janitor_ = ::fork();
    if (folder.janitor_ < 0) return system_error("fork");
    if (folder.janitor_ == 0) {
        folder.alive_.reset();
        be_janitor(read_end.get(), folder.path_);
    }
    return folder;
}

DemoFolder::~DemoFolder() {
    if (!alive_) return;  // moved from
    alive_.reset();
    if (janitor_ > 0) {
        while (::waitpid(janitor_, nullptr, 0) < 0 && errno == EINTR) {
        }
    }
}

}  // namespace pgsteer::cli
