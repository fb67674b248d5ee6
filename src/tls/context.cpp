#include "tls/context.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <filesystem>

#include "tls/end.h"
#include "tls/files.h"

namespace pgsteer::tls {
namespace {

constexpr std::pair<Version, int> versions[] = {{Version::tls10, TLS1_VERSION},
                                                {Version::tls11, TLS1_1_VERSION},
                                                {Version::tls12, TLS1_2_VERSION},
                                                {Version::tls13, TLS1_3_VERSION}};
constexpr std::pair<Version, std::uint64_t> switches[] = {{Version::tls10, SSL_OP_NO_TLSv1},
                                                          {Version::tls11, SSL_OP_NO_TLSv1_1},
                                                          {Version::tls12, SSL_OP_NO_TLSv1_2},
                                                          {Version::tls13, SSL_OP_NO_TLSv1_3}};

Result<void> set_versions(SSL_CTX* context, const Settings& settings) {
    for (const auto& [version, number] : versions) {
        if (settings.lowest == version) SSL_CTX_set_min_proto_version(context, number);
        if (settings.highest == version) SSL_CTX_set_max_proto_version(context, number);
    }
    bool any = false;
    for (const auto& [version, option] : switches) {
        const bool off = (settings.versions_off >> static_cast<unsigned>(version) & 1U) != 0;
        if (off) SSL_CTX_set_options(context, option);
        any = any || (!off && (settings.lowest == Version::none || version >= settings.lowest) &&
                      (settings.highest == Version::none || version <= settings.highest));
    }
    if (!any) return Error{"all versions of TLS are switched off"};
    return {};
}

Result<void> set_ciphers(SSL_CTX* context, const Settings& settings) {
    if (!settings.ciphers.empty() &&
        SSL_CTX_set_cipher_list(context, settings.ciphers.c_str()) != 1)
        return Error{"ciphers '" + settings.ciphers + "': " + last_words()};
    if (!settings.suites.empty() && SSL_CTX_set_ciphersuites(context, settings.suites.c_str()) != 1)
        return Error{"ciphersuites '" + settings.suites + "': " + last_words()};
    if (!settings.curves.empty() && SSL_CTX_set1_curves_list(context, settings.curves.c_str()) != 1)
        return Error{"curves '" + settings.curves + "': " + last_words()};
    return {};
}

Result<void> set_trust(SSL_CTX* context, const Settings& settings, int mode) {
    SSL_CTX_set_verify(context, mode, nullptr);
    // A file that is named must be good also where nobody looks into it.
    if (mode == SSL_VERIFY_NONE && settings.ca_file.empty()) return {};
    return trust(context, settings.ca_file, settings.crl_file);
}

Result<Context> common_context(const SSL_METHOD* method, const Settings& settings) {
    Context context(SSL_CTX_new(method), SSL_CTX_free);
    if (!context) return Error{"no TLS context: " + last_words()};
    // As HAProxy: an end of the connection ends the bytes, with or without TLS's own word for it.
    SSL_CTX_set_options(context.get(), SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_COMPRESSION);
    if (!settings.tickets) SSL_CTX_set_options(context.get(), SSL_OP_NO_TICKET);
    SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                        SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                        SSL_MODE_RELEASE_BUFFERS);
    // One read of the socket for a whole record and its head.
    SSL_CTX_set_read_ahead(context.get(), 1);
    // A key with a password is an error, not a question on the terminal.
    SSL_CTX_set_default_passwd_cb(context.get(), [](char*, int, int, void*) { return 0; });
    if (auto set = set_versions(context.get(), settings); !set) return set.error();
    if (auto set = set_ciphers(context.get(), settings); !set) return set.error();
    return context;
}

Result<Context> client_context(const Settings& settings) {
    auto context = common_context(TLS_client_method(), settings);
    if (!context) return context;
    SSL_CTX* const native = context->get();
    const bool verified = settings.verify == Verify::required;
    if (auto set = set_trust(native, settings, verified ? SSL_VERIFY_PEER : SSL_VERIFY_NONE); !set)
        return set.error();
    for (const std::string& file : settings.certificates)
        if (auto used = use_certificate(native, file); !used) return used.error();
    const auto alpn = wire_form(settings.alpn);
    if (!alpn.empty())
        SSL_CTX_set_alpn_protos(native, alpn.data(), static_cast<unsigned>(alpn.size()));
    SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(native, [](SSL* ssl, SSL_SESSION* session) {
        if (const Outgoing* const outgoing = End::outgoing_of(ssl)) outgoing->keep(ssl, session);
        return 0;  // it is not taken over: keep() has one of its own
    });
    return context;
}

std::string lower(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return result;
}

int choose_certificate(SSL* ssl, int* alert, void* incoming) {
    const char* const name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    SSL_CTX* const found =
        static_cast<const Incoming*>(incoming)->for_name(name != nullptr ? name : "");
    if (found == nullptr) {
        *alert = SSL_AD_UNRECOGNIZED_NAME;
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    SSL_set_SSL_CTX(ssl, found);
    return SSL_TLSEXT_ERR_OK;
}

}  // namespace

// The first of ours that the client offers; none in common: as if it had asked for nothing, as
// HAProxy.
int choose_alpn(SSL*, const unsigned char** chosen, unsigned char* length,
                const unsigned char* offered, unsigned size, void* incoming) {
    const auto& ours = static_cast<const Incoming*>(incoming)->alpn_;
    unsigned char* found = nullptr;
    if (SSL_select_next_proto(&found, length, ours.data(), static_cast<unsigned>(ours.size()),
                              offered, size) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    *chosen = found;
    return SSL_TLSEXT_ERR_OK;
}

Outgoing::Outgoing(Context context, const Settings& settings)
    : context_(std::move(context)),
      verify_host_(settings.verify == Verify::required ? settings.verify_host : ""),
      reuse_(settings.reuse) {}

void Outgoing::name(SSL* ssl, std::string_view sni) const {
    const std::string asked(sni);
    if (!asked.empty()) SSL_set_tlsext_host_name(ssl, asked.c_str());
    // As HAProxy's ssl_sock_srv_verifycbk: the name asked for counts before `verifyhost`.
    const std::string& wanted = asked.empty() ? verify_host_ : asked;
    if (wanted.empty() || SSL_get_verify_mode(ssl) == SSL_VERIFY_NONE) return;
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    SSL_set1_host(ssl, wanted.c_str());
}

void Outgoing::keep(SSL* ssl, SSL_SESSION* session) const {
    if (!reuse_ || SSL_SESSION_is_resumable(session) != 1) return;
    const char* const name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    // A session belongs to one connection at a time (SSL_SESSION_dup(3)).
    KeptSession own(SSL_SESSION_dup(session));
    const std::lock_guard lock(mutex_);
    session_ = std::move(own);
    session_name_ = name != nullptr ? name : "";
}

void Outgoing::resume(SSL* ssl, std::string_view sni) const {
    if (!reuse_) return;
    KeptSession taken;
    {
        const std::lock_guard lock(mutex_);
        if (!session_ || session_name_ != sni) return;
        taken.reset(SSL_SESSION_dup(session_.get()));
    }
    if (taken) SSL_set_session(ssl, taken.get());
}

Result<std::shared_ptr<const Incoming>> Incoming::make(const Settings& settings) {
    auto made = std::shared_ptr<Incoming>(new Incoming(settings));
    made->alpn_ = wire_form(settings.alpn);
    for (const std::string& path : settings.certificates) {
        auto files = certificate_files(path);
        if (!files) return files.error();
        for (const std::string& file : *files)
            if (auto added = made->add(settings, file); !added) return added.error();
    }
    if (made->certificates_.empty()) return Error{"there is no certificate; add 'crt FILE'"};
    return std::shared_ptr<const Incoming>(std::move(made));
}

Result<void> Incoming::add(const Settings& settings, const std::string& file) {
    auto context = common_context(TLS_server_method(), settings);
    if (!context) return context.error();
    SSL_CTX* const native = context->get();
    if (auto used = use_certificate(native, file); !used) return used;
    const Verify verify = settings.verify.value_or(Verify::none);
    const int required = verify == Verify::required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
    const int mode = verify == Verify::none ? SSL_VERIFY_NONE : SSL_VERIFY_PEER | required;
    if (auto set = set_trust(native, settings, mode); !set) return set;
    // Sessions are resumed by tickets, and for older clients by the id; both need a name.
    static constexpr unsigned char name[] = "pgsteer";
    SSL_CTX_set_session_id_context(native, name, sizeof name - 1);
    SSL_CTX_set_dh_auto(native, 1);
    // Asked for by clients it would cost us more than them.
    SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION);
    if (!settings.client_order) SSL_CTX_set_options(native, SSL_OP_CIPHER_SERVER_PREFERENCE);
    if (!alpn_.empty()) SSL_CTX_set_alpn_select_cb(native, choose_alpn, this);
    SSL_CTX_set_tlsext_servername_callback(native, choose_certificate);
    SSL_CTX_set_tlsext_servername_arg(native, this);
    Certificate certificate{std::move(*context), {}};
    for (const std::string& its : names_of(SSL_CTX_get0_certificate(native)))
        certificate.names.push_back(lower(its));
    certificates_.push_back(std::move(certificate));
    return {};
}

SSL_CTX* Incoming::for_name(std::string_view name) const {
    const std::string wanted = lower(name);
    const auto dot = wanted.find('.');
    const std::string wild = dot == std::string::npos ? "" : "*" + wanted.substr(dot);
    for (const std::string* const asked : {&wanted, &wild})
        for (const Certificate& certificate : certificates_)
            for (const std::string& known : certificate.names)
                if (!asked->empty() && *asked == known) return certificate.context.get();
    return known_names_only_ ? nullptr : native();
}

Result<Context> Contexts::client(const Settings& settings) {
    for (const auto& [known, context] : made_)
        if (known == settings) return context;
    auto made = client_context(settings);
    if (made) made_.emplace_back(settings, *made);
    return made;
}

std::vector<unsigned char> wire_form(const std::vector<std::string>& protocols) {
    std::vector<unsigned char> wire;
    for (const std::string& protocol : protocols) {
        wire.push_back(static_cast<unsigned char>(protocol.size()));
        wire.insert(wire.end(), protocol.begin(), protocol.end());
    }
    return wire;
}

std::string last_words() {
    const unsigned long code = ERR_peek_last_error();
    ERR_clear_error();
    if (code == 0) return "unknown reason";
    if (ERR_SYSTEM_ERROR(code)) return ::strerror(ERR_GET_REASON(code));
    const char* const reason = ERR_reason_error_string(code);
    return reason != nullptr ? reason : "error " + std::to_string(code);
}

}  // namespace pgsteer::tls
