#include "tls/end.h"

#include <openssl/err.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

namespace pgsteer::tls {
namespace {

int outgoing_index() {
    static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return index;
}

int clamped(std::size_t size) {
    return static_cast<int>(std::min<std::size_t>(size, INT_MAX));
}

// As much as a peek asks for at a time: the longest record.
constexpr std::size_t record = 16 * 1024;

}  // namespace

std::string handshake_words(const Trouble& trouble) {
    std::string text = "SSL handshake failure";
    if (trouble.verified != X509_V_OK)
        return text +
               " (certificate not believed: " + X509_verify_cert_error_string(trouble.verified) +
               ")";
    if (const char* const reason = ERR_reason_error_string(trouble.code); trouble.code != 0)
        return text + " (" + (reason != nullptr ? reason : "unknown reason") + ")";
    if (trouble.error_number != 0)
        return "Connection error during " + text + " (" + ::strerror(trouble.error_number) + ")";
    return "Connection closed during SSL handshake";
}

std::unique_ptr<End> End::connecting(std::shared_ptr<const Outgoing> outgoing, int fd,
                                     std::string_view sni) {
    ERR_clear_error();
    auto end = std::unique_ptr<End>(new End(SSL_new(outgoing->native())));
    SSL* const ssl = end->ssl_.get();
    if (ssl == nullptr || SSL_set_fd(ssl, fd) != 1) return nullptr;
    // The library changes nothing through it.
    SSL_set_ex_data(ssl, outgoing_index(), const_cast<Outgoing*>(outgoing.get()));
    outgoing->name(ssl, sni);
    outgoing->resume(ssl, sni);
    SSL_set_connect_state(ssl);
    end->outgoing_ = std::move(outgoing);
    return end;
}

std::unique_ptr<End> End::accepting(std::shared_ptr<const Incoming> incoming, int fd) {
    ERR_clear_error();
    auto end = std::unique_ptr<End>(new End(SSL_new(incoming->native())));
    SSL* const ssl = end->ssl_.get();
    if (ssl == nullptr || SSL_set_fd(ssl, fd) != 1) return nullptr;
    SSL_set_accept_state(ssl);
    end->incoming_ = std::move(incoming);
    return end;
}

const Outgoing* End::outgoing_of(const SSL* ssl) {
    return static_cast<const Outgoing*>(SSL_get_ex_data(ssl, outgoing_index()));
}

// Says by errno what a result means.
ssize_t End::failed(int result) {
    const int error_number = errno;
    const int error = SSL_get_error(ssl_.get(), result);
    if (error == SSL_ERROR_ZERO_RETURN) {
        at_end_ = true;
        return 0;
    }
    errno = EAGAIN;
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return -1;
    broken_ = true;
    trouble_.verified = SSL_get_verify_result(ssl_.get());
    if (error == SSL_ERROR_SYSCALL) {
        trouble_.error_number = error_number;
        errno = error_number == 0 ? ECONNRESET : error_number;
        return -1;
    }
    trouble_.code = ERR_peek_last_error();
    ERR_clear_error();
    errno = EPROTO;
    return -1;
}

End::Step End::shake_hands() {
    ERR_clear_error();
    errno = 0;
    const int result = SSL_do_handshake(ssl_.get());
    if (result == 1) return Step::done;
    if (failed(result) < 0 && errno == EAGAIN) return Step::waits;
    broken_ = true;
    return Step::failed;
}

ssize_t End::read(std::span<std::byte> room) {
    if (!early_.empty()) {
        const std::size_t size = std::min(room.size(), early_.size());
        std::memcpy(room.data(), early_.data(), size);
        early_.erase(early_.begin(), early_.begin() + static_cast<std::ptrdiff_t>(size));
        if (early_.empty()) early_.shrink_to_fit();
        return static_cast<ssize_t>(size);
    }
    ERR_clear_error();
    errno = 0;
    const int got = SSL_read(ssl_.get(), room.data(), clamped(room.size()));
    return got > 0 ? got : failed(got);
}

ssize_t End::write(std::span<const std::byte> bytes) {
    ERR_clear_error();
    errno = 0;
    const int sent = SSL_write(ssl_.get(), bytes.data(), clamped(bytes.size()));
    if (sent > 0) return sent;
    if (const ssize_t result = failed(sent); result != 0) return result;
    errno = EPIPE;
    return -1;
}

std::span<const std::byte> End::peek(std::size_t most) {
    while (early_.size() < most) {
        const std::size_t before = early_.size();
        const std::size_t step = std::min(record, most - before);
        early_.resize(before + step);
        ERR_clear_error();
        const int got = SSL_read(ssl_.get(), early_.data() + before, clamped(step));
        early_.resize(before + static_cast<std::size_t>(std::max(got, 0)));
        if (got > 0) continue;
        (void)failed(got);
        break;
    }
    return early_;
}

End::Step End::say_end() {
    if (broken_) return Step::failed;
    ERR_clear_error();
    errno = 0;
    // 0: said, and the peer's own word is still to come (SSL_shutdown(3)).
    const int result = SSL_shutdown(ssl_.get());
    if (result >= 0) return Step::done;
    return failed(result) < 0 && errno == EAGAIN ? Step::waits : Step::failed;
}

std::string_view End::server_name() const {
    const char* const name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
    return name != nullptr ? name : "";
}

}  // namespace pgsteer::tls
