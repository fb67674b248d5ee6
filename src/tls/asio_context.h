// A context as Boost.Asio wants it, for the control plane's connections. Any thread.
#pragma once

#include <openssl/ssl.h>

#include <boost/asio/ssl/context.hpp>
#include <memory>

namespace pgsteer::tls {

// One more owner of `native`.
inline std::shared_ptr<boost::asio::ssl::context> shared_with_asio(SSL_CTX* native) {
    SSL_CTX_up_ref(native);
    return std::make_shared<boost::asio::ssl::context>(native);
}

}  // namespace pgsteer::tls
