#include "pgwire/client_hello.h"

namespace pgsteer::pgwire {
namespace {

constexpr std::uint8_t handshake_record = 22;
constexpr std::uint8_t client_hello_type = 1;
constexpr std::uint32_t server_name_extension = 0;
constexpr std::uint8_t host_name = 0;

// Takes numbers and pieces off the front; once something was missing, it stays so.
class Bytes {
  public:
    explicit Bytes(std::span<const std::byte> all) : rest_(all) {}
    std::uint32_t number(std::size_t size) {
        std::uint32_t value = 0;
        for (const std::byte byte : piece(size))
            value = value << 8 | std::to_integer<std::uint32_t>(byte);
        return value;
    }
    std::span<const std::byte> piece(std::size_t size) {
        if (size > rest_.size()) {
            missing_ = true;
            rest_ = {};
            return {};
        }
        const auto taken = rest_.first(size);
        rest_ = rest_.subspan(size);
        return taken;
    }
    bool missing() const { return missing_; }
    bool empty() const { return rest_.empty(); }

  private:
    std::span<const std::byte> rest_;
    bool missing_ = false;
};

std::optional<std::string_view> name_in(std::span<const std::byte> extension) {
    Bytes bytes(extension);
    Bytes names(bytes.piece(bytes.number(2)));
    while (!names.empty() && !names.missing()) {
        const std::uint32_t type = names.number(1);
        const auto name = names.piece(names.number(2));
        if (type == host_name && !names.missing())
            return std::string_view(reinterpret_cast<const char*>(name.data()), name.size());
    }
    return std::nullopt;
}

std::optional<std::string_view> name_in_extensions(Bytes extensions) {
    while (!extensions.empty() && !extensions.missing()) {
        const std::uint32_t type = extensions.number(2);
        const auto extension = extensions.piece(extensions.number(2));
        if (type == server_name_extension && !extensions.missing()) return name_in(extension);
    }
    return std::nullopt;
}

}  // namespace

ClientHello read_client_hello(std::span<const std::byte> bytes) {
    using Found = ClientHello::Found;
    ClientHello hello;
    Bytes record(bytes);
    const std::uint32_t record_type = record.number(1);
    if (record.missing()) return hello;
    if (record_type != handshake_record) {
        hello.found = Found::no;
        return hello;
    }
    hello.major = static_cast<std::uint8_t>(record.number(1));
    hello.minor = static_cast<std::uint8_t>(record.number(1));
    const std::uint32_t record_size = record.number(2);
    if (record.missing()) return hello;
    // SSL 3.0 and later, and a message that can hold a hello at all.
    if (hello.major < 3 || record_size < 4) {
        hello.found = Found::no;
        return hello;
    }
    const std::uint32_t type = record.number(1);
    const std::uint32_t size = record.number(3);
    if (record.missing()) return hello;
    hello.type = static_cast<std::uint8_t>(type);
    if (type != client_hello_type) {
        hello.found = Found::yes;
        return hello;
    }
    Bytes message(record.piece(size));
    if (record.missing()) return hello;
    hello.found = Found::yes;
    hello.major = static_cast<std::uint8_t>(message.number(1));
    hello.minor = static_cast<std::uint8_t>(message.number(1));
    (void)message.piece(32);                 // random
    (void)message.piece(message.number(1));  // session
    (void)message.piece(message.number(2));  // ciphers
    (void)message.piece(message.number(1));  // compression
    if (message.missing() || message.empty()) return hello;
    hello.server_name = name_in_extensions(Bytes(message.piece(message.number(2))));
    return hello;
}

}  // namespace pgsteer::pgwire
