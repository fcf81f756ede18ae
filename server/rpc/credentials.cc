#include "rpc/credentials.h"

#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <ctime>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "rpc/openssl.h"

namespace limpid::rpc {
namespace {

absl::Status Wrong(const char* flag, std::string_view what) {
  ERR_clear_error();
  return absl::InvalidArgumentError(absl::StrCat(flag, ": ", std::string(what)));
}

absl::StatusOr<std::vector<X509Certificate>> ReadCertificates(const char* flag, const std::string& text) {
  const Bio bio = OpenText(text);
  std::vector<X509Certificate> certificates;
  while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, NoPassword, nullptr)) {
    certificates.emplace_back(certificate);
  }
  const bool came_to_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (certificates.empty()) return Wrong(flag, "no certificate in PEM form");
  if (!came_to_end) return Wrong(flag, absl::StrCat("certificate ", certificates.size() + 1, " is damaged"));
  ERR_clear_error();
  return certificates;
}

absl::Time ToTime(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return absl::InfinitePast();
  return absl::FromTM(parts, absl::UTCTimeZone());
}

std::string Subject(const X509* certificate) {
  const Bio bio(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(bio.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
  const char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return std::string(text, static_cast<size_t>(size));
}

}  // namespace

absl::StatusOr<CertificateFacts> CheckCertificates(const CertificateTexts& texts) {
  ERR_clear_error();
  ABSL_ASSIGN_OR_RETURN(const std::vector<X509Certificate> chain, ReadCertificates("--tls-cert", texts.chain));
  const Key key(PEM_read_bio_PrivateKey(OpenText(texts.key).get(), nullptr, NoPassword, nullptr));
  if (key == nullptr) return Wrong("--tls-key", "no private key in PEM form, or one with a password");
  if (X509_check_private_key(chain[0].get(), key.get()) != 1) {
    return Wrong("--tls-key", "not the key of the first certificate in --tls-cert");
  }
  if (texts.client_ca.has_value()) {
    ABSL_RETURN_IF_ERROR(ReadCertificates("--tls-client-ca", *texts.client_ca).status());
  }
  CertificateFacts facts = {Subject(chain[0].get()), ToTime(X509_get0_notAfter(chain[0].get()))};
  if (facts.not_after < absl::Now()) {
    return Wrong("--tls-cert", absl::StrCat("expired at ", absl::FormatTime(facts.not_after, absl::UTCTimeZone())));
  }
  return facts;
}

// gRPC's view of a store: C functions, which C++ gRPC has no names for.
class StoreReader final : public grpc::ServerCredentials {
 public:
  explicit StoreReader(CertificateStore* store) {
    const auto request = store->wants_client_certificate_ ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                                                          : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE;
    credentials_ = grpc_ssl_server_credentials_create_with_options(
        grpc_ssl_server_credentials_create_options_using_config_fetcher(request, Fetch, store));
  }
  ~StoreReader() override { grpc_server_credentials_release(credentials_); }

  // Callers are identified by rpc/authenticator.h, which also serves plaintext.
  void SetAuthMetadataProcessor(const std::shared_ptr<grpc::AuthMetadataProcessor>&) override {}

 private:
  int AddPortToServer(const std::string& address, grpc_server* server) override {
    return grpc_server_add_http2_port(server, address.c_str(), credentials_);
  }

  static grpc_ssl_certificate_config_reload_status Fetch(void* pointer, grpc_ssl_server_certificate_config** config) {
    auto* store = static_cast<CertificateStore*>(pointer);
    absl::MutexLock lock(&store->mutex_);
    if (!std::exchange(store->is_new_, false)) return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
    const CertificateTexts& texts = store->texts_;
    const grpc_ssl_pem_key_cert_pair pair = {texts.key.c_str(), texts.chain.c_str()};
    // gRPC 1.51 asserts that there are roots, and looks at them only where it asks for client certificates.
    const std::string& roots = texts.client_ca.has_value() ? *texts.client_ca : texts.chain;
    *config = grpc_ssl_server_certificate_config_create(roots.c_str(), &pair, 1);
    return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
  }

  grpc_server_credentials* credentials_;
};

CertificateStore::CertificateStore(CertificateTexts texts)
    : wants_client_certificate_(texts.client_ca.has_value()), texts_(std::move(texts)) {}

void CertificateStore::Replace(CertificateTexts texts) {
  absl::MutexLock lock(&mutex_);
  texts_ = std::move(texts);
  is_new_ = true;
}

std::shared_ptr<grpc::ServerCredentials> CertificateStore::MakeCredentials() {
  return std::make_shared<StoreReader>(this);
}

}  // namespace limpid::rpc
