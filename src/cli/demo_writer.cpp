#include "cli/demo_writer.h"

#include <cstdlib>
#include <string>

#include "cli/demo_sql.h"

namespace pgsteer::cli {
namespace {

constexpr milliseconds pause{5};                 // between writes, and before connecting again
constexpr milliseconds most_for_a_write{30000};  // above every timeout of the classic file

}  // namespace

Writer::Writer(Port read_write) : read_write_(read_write), thread_([this] { work(); }) {}

void Writer::stop() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
}

std::vector<Write> Writer::acknowledged() const {
    const std::lock_guard lock(mutex_);
    return acknowledged_;
}

std::optional<Write> Writer::first_of(Port node) const {
    const std::lock_guard lock(mutex_);
    for (const Write& write : acknowledged_) {
        if (write.node == node) return write;
    }
    return std::nullopt;
}

// A number is used once: a write whose answer was lost may have happened, and is not repeated.
void Writer::work() {
    std::optional<Sql> sql;
    for (long id = 1; !stopping_; ++id) {
        const Patience patience{after(Clock::now(), most_for_a_write),
                                [this] { return stopping_.load(); }};
        if (!sql) {
            if (auto made = Sql::connect(read_write_, patience)) sql = std::move(*made);
        }
        if (sql) {
            const auto node = sql->value("INSERT INTO demo_writes VALUES (" + std::to_string(id) +
                                             ", inet_server_port()) RETURNING node",
                                         patience);
            if (node) {
                const auto port = static_cast<Port>(std::strtoul(node->c_str(), nullptr, 10));
                const std::lock_guard lock(mutex_);
                acknowledged_.push_back({id, Clock::now(), port});
            } else {
                sql.reset();
            }
        }
        std::this_thread::sleep_for(pause);
    }
}

}  // namespace pgsteer::cli
