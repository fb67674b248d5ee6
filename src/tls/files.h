// Files of certificates, keys, authorities and revocation lists, read into a context. Errors name
// the file and what is wrong with it. Within tls/ only; while a configuration is loaded.
#pragma once

#include <openssl/ssl.h>

#include <string>
#include <vector>

#include "base/result.h"

namespace pgsteer::tls {

// A PEM file with a certificate, its chain and its key; the key may be in FILE.key, as HAProxy has
// it.
Result<void> use_certificate(SSL_CTX* context, const std::string& file);
// Who is believed, and who is not any more.
Result<void> trust(SSL_CTX* context, const std::string& ca_file, const std::string& crl_file);
// The file itself, or those in a folder, in name order.
Result<std::vector<std::string>> certificate_files(const std::string& path);
// Its names for servers; the common name where it has no others.
std::vector<std::string> names_of(const X509* certificate);

}  // namespace pgsteer::tls
