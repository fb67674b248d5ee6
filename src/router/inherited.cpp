#include "router/inherited.h"

#include <fmt/format.h>
#include <unistd.h>

#include <sstream>

#include "base/descriptors.h"
#include "base/units.h"

namespace pgsteer::router {
namespace {

constexpr std::string_view none = "-";

}  // namespace

std::string pack(const MasterRecord& record) {
    std::string words = fmt::format("1 {} {} {} {}", record.started, record.reloads, record.failed,
                                    record.listeners.size());
    for (const int listener : record.listeners)
        words += fmt::format(" {}", listener);
    words += fmt::format(" {}", record.workers.size());
    for (const WorkerRecord& worker : record.workers)
        words += fmt::format(" {} {} {} {} {} {}", worker.pid, worker.link, worker.started,
                             worker.born_after, worker.leaving ? 1 : 0,
                             worker.version.empty() ? none : worker.version);
    const MasterRules& rules = record.rules;
    words += fmt::format(" {} {}", rules.outlives_worker ? 1 : 0,
                         rules.most_reloads ? std::to_string(*rules.most_reloads) : none);
    return words;
}

std::optional<MasterRecord> unpack_master(std::string_view text) {
    std::istringstream words{std::string(text)};
    constexpr std::size_t most = 10'000;
    MasterRecord record;
    int form = 0;
    std::size_t count = 0;
    words >> form >> record.started >> record.reloads >> record.failed >> count;
    if (!words || form != 1 || count > most) return std::nullopt;
    record.listeners.resize(count);
    for (int& listener : record.listeners)
        words >> listener;
    words >> count;
    if (!words || count > most) return std::nullopt;
    record.workers.resize(count);
    for (WorkerRecord& worker : record.workers) {
        words >> worker.pid >> worker.link >> worker.started >> worker.born_after >>
            worker.leaving >> worker.version;
        if (worker.version == none) worker.version.clear();
    }
    std::string limit;
    words >> record.rules.outlives_worker >> limit;
    if (!words) return std::nullopt;
    if (const auto value = parse_integer(limit, 0, UINT32_MAX))
        record.rules.most_reloads = static_cast<std::uint32_t>(*value);
    else if (limit != none)
        return std::nullopt;
    return record;
}

std::string pack(const std::vector<HeldSocket>& sockets) {
    std::string words;
    for (const HeldSocket& socket : sockets)
        words += fmt::format("{}{} {}", words.empty() ? "" : " ", socket.socket->get(),
                             socket.interface.empty() ? none : socket.interface);
    return words;
}

std::vector<HeldSocket> unpack_sockets(std::string_view text) {
    std::istringstream words{std::string(text)};
    std::vector<HeldSocket> sockets;
    int number = 0;
    std::string interface;
    while (words >> number >> interface) {
        if (number <= STDERR_FILENO || !is_listening(number)) continue;
        close_on_exec(number);
        if (interface == none) interface.clear();
        sockets.push_back(
            {Address::local_of(number), interface, std::make_shared<const UniqueFd>(number), {}});
    }
    return sockets;
}

}  // namespace pgsteer::router
