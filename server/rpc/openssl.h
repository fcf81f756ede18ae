#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

// OpenSSL's objects with owners.
namespace limpid::rpc {

template <auto Free>
struct OpensslDeleter {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Bio = std::unique_ptr<BIO, OpensslDeleter<BIO_free>>;
using X509Certificate = std::unique_ptr<X509, OpensslDeleter<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, OpensslDeleter<EVP_PKEY_free>>;

// Reads from `text`, which outlives it.
inline Bio OpenText(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// Of PEM readers: what is encrypted is refused instead of asked for at the terminal.
inline int NoPassword(char*, int, int, void*) { return -1; }

}  // namespace limpid::rpc
