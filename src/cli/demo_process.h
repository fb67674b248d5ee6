// Child processes of the demo: started in a session of their own (a Ctrl-C reaches the demo alone,
// which then ends them in order), ended when the demo dies however it dies. Main thread only: the
// kernel sends the parent-death signal when the *thread* that forked ends.
#pragma once

#include <sys/types.h>

#include <csignal>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"

namespace pgsteer::cli {

// How long something may take, and what ends the waiting early.
struct Patience {
    TimePoint deadline;
    std::function<bool()> stopped;  // Ctrl-C, SIGTERM, or the writer's own end
};

// SIGINT, SIGTERM and SIGHUP as a question instead of an interruption. They stay blocked in the
// whole process (children unblock them); one object, made before any thread.
class StopSignal {
  public:
    StopSignal();
    bool requested() const;
    // Sleeps, but wakes for the signal.
    void wait(milliseconds span) const;
    Patience patience(milliseconds span) const;

  private:
    UniqueFd fd_;
};

// Asks again every 20 ms. Errors: `what` took too long, or the waiting was stopped.
Result<void> wait_until(const std::string& what, const std::function<bool()>& condition,
                        const Patience& patience);

struct RunAs {
    uid_t user = 0;
    gid_t group = 0;
    std::vector<gid_t> groups;
};
// PostgreSQL refuses to run as root: user postgres then, nobody else otherwise.
Result<std::optional<RunAs>> postgres_identity();

struct ChildOptions {
    std::vector<std::string> command;  // command[0] is a path
    std::filesystem::path output;      // gets stdout and stderr, appended
    std::filesystem::path folder;      // working directory
    std::optional<RunAs> run_as;
    int stop_signal = SIGTERM;  // asks it to end; also sent by the kernel if the demo dies
};

class Child {
  public:
    Child() = default;
    static Result<Child> start(const ChildOptions& options);
    Child(Child&& other) noexcept;
    Child& operator=(Child&& other) noexcept;
    ~Child() { stop(seconds(5)); }

    pid_t pid() const { return pid_; }
    bool running();
    // How it ended: "exit status 1", "signal 9"; empty while it runs.
    std::string ending();
    // The stop signal, and SIGKILL when it has not ended after `span`. No effect on an ended one.
    void stop(milliseconds span);
    // Every process whose parent it is, then itself, with SIGKILL, as a power cut would.
    void kill_with_children();
    // The last lines of its output, for an error message.
    std::string last_words() const;

  private:
    void reap(int options);
    pid_t pid_ = -1;
    std::optional<int> status_;  // of waitpid
    std::filesystem::path output_;
    int stop_signal_ = SIGTERM;
};

// Runs a command to its end. Errors: exit status, with its last words; too slow; stopped.
Result<void> run_to_end(const ChildOptions& options, const Patience& patience);

}  // namespace pgsteer::cli
