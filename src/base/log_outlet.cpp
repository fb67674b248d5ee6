#include "base/log_outlet.h"

#include <unistd.h>

#include <algorithm>
#include <map>
#include <mutex>

#include "base/machine_name.h"

namespace pgsteer::log {
namespace {

// What outlets share: kept by those who use it, found by its place.
struct Registry {
    std::mutex mutex;
    std::map<std::string, std::weak_ptr<Sink>> sinks;
    std::map<std::uint32_t, std::weak_ptr<SampleCount>> counts;
};

Registry& registry() {
    static Registry instance;
    return instance;
}

std::shared_ptr<SampleCount> count_of(const LogSample& sample) {
    if (sample.size == 0) return nullptr;
    Registry& all = registry();
    const std::lock_guard lock(all.mutex);
    auto& known = all.counts[sample.line];
    auto count = known.lock();
    if (!count) known = count = std::make_shared<SampleCount>();
    return count;
}

}  // namespace

bool is_sampled(const LogSample& sample, SampleCount& count) {
    const std::uint32_t number = count.next.fetch_add(1) % sample.size + 1;
    return std::any_of(sample.ranges.begin(), sample.ranges.end(), [&](const auto& range) {
        return number >= range.first && number <= range.last;
    });
}

Result<std::shared_ptr<Sink>> sink_of(const Target& target) {
    Registry& all = registry();
    const std::string place = target.place();
    const std::lock_guard lock(all.mutex);
    auto& known = all.sinks[place];
    if (auto sink = known.lock()) return sink;
    auto deliver = open_target(target);
    if (!deliver) return deliver.error();
    auto sink = std::make_shared<Sink>(place, std::move(*deliver));
    known = sink;
    return sink;
}

std::vector<std::shared_ptr<Sink>> sinks_in_use() {
    Registry& all = registry();
    const std::lock_guard lock(all.mutex);
    std::vector<std::shared_ptr<Sink>> sinks;
    for (const auto& [place, known] : all.sinks)
        if (auto sink = known.lock()) sinks.push_back(std::move(sink));
    return sinks;
}

Sender sender_now() {
    static const std::string host = machine_name();
    return {std::chrono::system_clock::now(), ::getpid(), host};
}

Result<Outlet> Outlet::open(const std::vector<Target>& targets) {
    Outlet outlet;
    for (const Target& target : targets) {
        const auto sink = sink_of(target);
        if (!sink) return sink.error();
        outlet.opened_.push_back({target, *sink, count_of(target.sample)});
    }
    return outlet;
}

void Outlet::write(const Record& record, Audience audience) const {
    if (opened_.empty()) return;
    const Sender sender = sender_now();
    for (const Opened& opened : opened_) {
        const Target& target = opened.target;
        if (record.level > target.most) continue;
        if (audience == Audience::text && target.is_structured()) continue;
        if (audience == Audience::structured && !target.is_structured()) continue;
        if (opened.count && !is_sampled(target.sample, *opened.count)) continue;
        if (target.kind == Target::Kind::journal) {
            Record capped = record;
            capped.level = std::max(record.level, target.least);
            opened.sink->post(journal_fields(target.tag, capped));
        } else {
            opened.sink->post({frame(target, record, sender)});
        }
    }
}

bool Outlet::any_structured() const {
    return std::any_of(opened_.begin(), opened_.end(),
                       [](const Opened& opened) { return opened.target.is_structured(); });
}

bool Outlet::is_on_stderr() const {
    return std::any_of(opened_.begin(), opened_.end(), [](const Opened& opened) {
        return opened.target.kind == Target::Kind::descriptor && opened.target.descriptor == 2;
    });
}

}  // namespace pgsteer::log
