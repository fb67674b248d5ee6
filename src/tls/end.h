// End: one end of a TLS connection over a non-blocking socket that somebody else owns. Behaves as
// recv(2) and send(2) do, whatever way TLS itself wants to go: -1 with EAGAIN means that an event
// of the socket, for reading or writing, is to be waited for, and then the same is done again.
// Owned by a session; one thread.
#pragma once

#include <openssl/ssl.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tls/context.h"

namespace pgsteer::tls {

// Why a connection failed: numbers, so that it can be sent between threads.
struct Trouble {
    std::uint64_t code = 0;  // OpenSSL's; 0: the connection itself broke
    long verified = 0;       // X509_V_OK, or what is wrong with the certificate
    int error_number = 0;    // errno, when the connection broke; 0: the peer closed it
};
// HAProxy's words: "SSL handshake failure", and OpenSSL's behind.
std::string handshake_words(const Trouble& trouble);

class End {
  public:
    // Null: out of memory.
    static std::unique_ptr<End> connecting(std::shared_ptr<const Outgoing> outgoing, int fd,
                                           std::string_view sni);
    static std::unique_ptr<End> accepting(std::shared_ptr<const Incoming> incoming, int fd);

    enum class Step { done, waits, failed };
    Step shake_hands();
    // Bytes, 0 at the end of the peer's, or -1 with errno: EAGAIN, EPROTO for TLS's own errors, or
    // the socket's.
    ssize_t read(std::span<std::byte> room);
    ssize_t write(std::span<const std::byte> bytes);
    // The bytes that read() will give, up to `most`, as far as they are there; they stay.
    std::span<const std::byte> peek(std::size_t most);
    // Tells the peer that no more bytes come.
    Step say_end();

    const Trouble& trouble() const { return trouble_; }
    bool broken() const { return broken_; }
    bool at_end() const { return at_end_; }  // the peer said its end
    // What the peer asked for, or was asked for; empty: nothing.
    std::string_view server_name() const;
    bool resumed() const { return SSL_session_reused(ssl_.get()) == 1; }
    std::string_view version() const { return SSL_get_version(ssl_.get()); }

    // Whose connection it is; null for one that no End made.
    static const Outgoing* outgoing_of(const SSL* ssl);

  private:
    explicit End(SSL* ssl) : ssl_(ssl) {}
    ssize_t failed(int result);

    std::shared_ptr<const Outgoing> outgoing_;
    std::shared_ptr<const Incoming> incoming_;
    std::unique_ptr<SSL, Release<SSL_free>> ssl_;  // goes before what it was made from
    std::vector<std::byte> early_;                 // was peeked at
    Trouble trouble_;
    bool at_end_ = false;
    bool broken_ = false;  // nothing may be said any more
};

}  // namespace pgsteer::tls
