#include "tls/files.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <memory>

#include "tls/context.h"

namespace pgsteer::tls {
namespace {

namespace fs = std::filesystem;

Error about(const std::string& what, const std::string& file) {
    return {what + " '" + file + "' : " + last_words()};
}

// OpenSSL's own words hide which file is missing.
Result<void> readable(const std::string& what, const std::string& file) {
    errno = 0;
    if (const std::ifstream opened(file); !opened)
        return system_error(what + " '" + file + "' cannot be read", errno == 0 ? EIO : errno);
    return {};
}

Result<void> revoke(SSL_CTX* context, const std::string& file) {
    if (auto there = readable("crl-file", file); !there) return there;
    X509_STORE* const store = SSL_CTX_get_cert_store(context);
    X509_LOOKUP* const lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());
    if (lookup == nullptr || X509_load_crl_file(lookup, file.c_str(), X509_FILETYPE_PEM) <= 0)
        return about("no revocation list in crl-file", file);
    X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
    return {};
}

// The names that are skipped in a folder: HAProxy's ssl_sock_load_cert.
bool is_companion(const std::string& name) {
    constexpr std::array<std::string_view, 5> endings{".issuer", ".ocsp", ".sctl", ".key", ".dh"};
    return name.starts_with('.') ||
           std::any_of(endings.begin(), endings.end(),
                       [&](std::string_view ending) { return name.ends_with(ending); });
}

}  // namespace

Result<void> use_certificate(SSL_CTX* context, const std::string& file) {
    if (auto there = readable("certificate file", file); !there) return there;
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(context, file.c_str()) != 1)
        return about("no certificate in", file);
    std::string key = file;
    if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1) {
        const bool mismatch = ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH;
        key = file + ".key";
        if (mismatch || !fs::exists(key)) return about("no private key for it in", file);
        ERR_clear_error();
        if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1)
            return about("no private key in", key);
    }
    if (SSL_CTX_check_private_key(context) != 1)
        return about("the private key is of another certificate in", key);
    return {};
}

Result<void> trust(SSL_CTX* context, const std::string& ca_file, const std::string& crl_file) {
    ERR_clear_error();
    if (ca_file == "@system-ca") {
        if (SSL_CTX_set_default_verify_paths(context) != 1) return Error{last_words()};
    } else {
        if (auto there = readable("ca-file", ca_file); !there) return there;
        const bool folder = fs::is_directory(ca_file);
        const char* const path = ca_file.c_str();
        if (SSL_CTX_load_verify_locations(context, folder ? nullptr : path,
                                          folder ? path : nullptr) != 1)
            return about("no certificate in ca-file", ca_file);
        // A listener tells its clients whom it believes.
        if (!folder && SSL_CTX_get_ssl_method(context) == TLS_server_method())
            SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(path));
    }
    return crl_file.empty() ? Result<void>() : revoke(context, crl_file);
}

Result<std::vector<std::string>> certificate_files(const std::string& path) {
    std::error_code failed;
    if (!fs::is_directory(path, failed)) return std::vector{path};
    std::vector<std::string> files;
    for (const auto& entry : fs::directory_iterator(path, failed))
        if (entry.is_regular_file(failed) && !is_companion(entry.path().filename().string()))
            files.push_back(entry.path().string());
    if (failed) return Error{"folder '" + path + "' cannot be read: " + failed.message()};
    if (files.empty()) return Error{"folder '" + path + "' has no certificate"};
    std::sort(files.begin(), files.end());
    return files;
}

std::vector<std::string> names_of(const X509* certificate) {
    std::vector<std::string> names;
    using Names = std::unique_ptr<GENERAL_NAMES, Release<GENERAL_NAMES_free>>;
    const Names found(static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    for (int i = 0; found && i < sk_GENERAL_NAME_num(found.get()); ++i) {
        const GENERAL_NAME* const name = sk_GENERAL_NAME_value(found.get(), i);
        if (name->type != GEN_DNS) continue;
        const auto* const text = ASN1_STRING_get0_data(name->d.dNSName);
        names.emplace_back(reinterpret_cast<const char*>(text),
                           static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
    }
    if (!names.empty()) return names;
    std::array<char, 256> common{};
    const int length = X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName,
                                                 common.data(), common.size());
    if (length > 0) names.emplace_back(common.data(), static_cast<std::size_t>(length));
    return names;
}

}  // namespace pgsteer::tls
