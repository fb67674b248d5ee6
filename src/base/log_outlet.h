// Outlet: the opened `log` lines of one proxy, or of the process: a line written here goes to
// exactly these. Immutable but for what is counted; any thread. Targets of one place share a Sink,
// whoever names them.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "base/log_frame.h"
#include "base/log_sink.h"
#include "base/log_target.h"
#include "base/result.h"

namespace pgsteer::log {

// Which line of a `sample` is next; of all outlets that share the `log` line.
struct SampleCount {
    std::atomic<std::uint32_t> next{0};
};
bool is_sampled(const LogSample& sample, SampleCount& count);

class Outlet {
  public:
    // Who wants the line: those of text, those of fields, or both.
    enum class Audience : std::uint8_t { all, text, structured };

    Outlet() = default;  // nowhere
    // Errors: a target cannot be opened.
    static Result<Outlet> open(const std::vector<Target>& targets);

    void write(const Record& record, Audience audience = Audience::all) const;
    bool empty() const { return opened_.empty(); }
    bool any_structured() const;
    bool is_on_stderr() const;

  private:
    struct Opened {
        Target target;
        std::shared_ptr<Sink> sink;
        std::shared_ptr<SampleCount> count;
    };
    std::vector<Opened> opened_;
};

// Every sink that is in use, for those who tell of losses.
std::vector<std::shared_ptr<Sink>> sinks_in_use();
// The sink of a place: the one that is in use, or a new one.
Result<std::shared_ptr<Sink>> sink_of(const Target& target);
Sender sender_now();

}  // namespace pgsteer::log
