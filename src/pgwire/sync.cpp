#include "pgwire/sync.h"

namespace pgsteer::pgwire {
namespace {

constexpr std::string_view ready_message("Z\0\0\0\x05I", ready_size);
constexpr std::size_t head_size = 5;

// With its type; 0 while that is not known.
std::size_t message_size(std::string_view bytes) {
    if (bytes.size() < head_size) return 0;
    std::uint32_t length = 0;
    for (const char byte : bytes.substr(1, 4))
        length = length << 8 | static_cast<unsigned char>(byte);
    return std::size_t{length} + 1;
}

}  // namespace

SyncAnswer read_sync_answer(std::string_view bytes) {
    if (bytes == ready_message) return SyncAnswer::ready;
    if (bytes.starts_with('E')) return SyncAnswer::error;
    while (!bytes.empty()) {
        const std::size_t size = message_size(bytes);
        if (size < head_size || size > bytes.size()) return SyncAnswer::cut;
        if (bytes.front() == 'Z')
            return size == bytes.size() ? SyncAnswer::told_more : SyncAnswer::cut;
        bytes.remove_prefix(size);
    }
    return SyncAnswer::cut;
}

}  // namespace pgsteer::pgwire
