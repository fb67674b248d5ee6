// Contexts: Settings with their files read, ready for connections. Outgoing is what connections to
// one server share, with the session that the next one resumes; Incoming what those of one listener
// do. Made while the configuration is loaded, so that a file that cannot be used is a mistake in it
// and nothing is read later. Immutable but for the kept session, which has a lock; any thread.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "tls/settings.h"

namespace pgsteer::tls {

template <auto release>
struct Release {
    template <class T>
    void operator()(T* object) const {
        release(object);
    }
};
using Context = std::shared_ptr<SSL_CTX>;
using KeptSession = std::unique_ptr<SSL_SESSION, Release<SSL_SESSION_free>>;

class Outgoing {
  public:
    // `context` is of client_context().
    Outgoing(Context context, const Settings& settings);

    SSL_CTX* native() const { return context_.get(); }
    // The name that is asked for and that the certificate must have; before the handshake.
    void name(SSL* ssl, std::string_view sni) const;
    // Keeps what the server gave, for a connection that asks for the same name.
    void keep(SSL* ssl, SSL_SESSION* session) const;
    void resume(SSL* ssl, std::string_view sni) const;
    // Connections of both mean the same to the server.
    friend bool operator==(const Outgoing& a, const Outgoing& b) {
        return a.context_ == b.context_ && a.verify_host_ == b.verify_host_;
    }

  private:
    Context context_;
    std::string verify_host_;  // empty: not verified, or no name is wanted
    bool reuse_ = true;
    mutable std::mutex mutex_;  // guards the two below
    mutable KeptSession session_;
    mutable std::string session_name_;
};

class Incoming {
  public:
    // Errors name the file.
    static Result<std::shared_ptr<const Incoming>> make(const Settings& settings);

    SSL_CTX* native() const { return certificates_.front().context.get(); }
    // The context of the certificate for that name; null: none, and there is no default.
    SSL_CTX* for_name(std::string_view name) const;

  private:
    struct Certificate {
        Context context;
        std::vector<std::string> names;  // lower case, "*." in front: any one label
    };
    explicit Incoming(const Settings& settings) : known_names_only_(settings.known_names_only) {}
    Result<void> add(const Settings& settings, const std::string& file);

    std::vector<Certificate> certificates_;
    bool known_names_only_ = false;
    std::vector<unsigned char> alpn_;  // in wire form

    friend int choose_alpn(SSL*, const unsigned char**, unsigned char*, const unsigned char*,
                           unsigned, void*);
};

// Makes one context of equal settings. Lives while one configuration is loaded.
class Contexts {
  public:
    // Errors name the file.
    Result<Context> client(const Settings& settings);

  private:
    std::vector<std::pair<Settings, Context>> made_;
};

// RFC 7301 3.1: each name after its length.
std::vector<unsigned char> wire_form(const std::vector<std::string>& protocols);

// What OpenSSL said last in this thread, in words; its queue is empty afterwards.
std::string last_words();

}  // namespace pgsteer::tls
