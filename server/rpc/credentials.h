#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "grpcpp/security/server_credentials.h"

namespace limpid::rpc {

// What a TLS listener shows and trusts, as PEM.
struct CertificateTexts {
  std::string chain;  // the server's own certificate first
  std::string key;
  std::optional<std::string> client_ca;  // signs the clients' certificates; none: clients need none
};

// What a log may say of a certificate.
struct CertificateFacts {
  std::string subject;
  absl::Time not_after;
};

// INVALID_ARGUMENT naming the flag whose text is not PEM, holds what does not belong there, has expired, or does not
// fit the others (a key of another certificate).
absl::StatusOr<CertificateFacts> CheckCertificates(const CertificateTexts& texts);

// The certificates that new connections are given; those that stand keep theirs. Thread-safe.
class CertificateStore {
 public:
  // `texts` have been checked.
  explicit CertificateStore(CertificateTexts texts);

  // `texts` have been checked, and ask for client certificates if the first ones did.
  void Replace(CertificateTexts texts);

  // For one listener, and once: each new connection asks the store, which outlives the listener. With a client CA
  // connections without a certificate signed by it are refused.
  //
  // gRPC's own reloading (FileWatcherCertificateProvider, 1.51) lets go of the old certificate before it has understood
  // the new one: a half-written file would end TLS. The older interface used here keeps the old one.
  std::shared_ptr<grpc::ServerCredentials> MakeCredentials();

 private:
  friend class StoreReader;

  const bool wants_client_certificate_;
  absl::Mutex mutex_;
  CertificateTexts texts_ ABSL_GUARDED_BY(mutex_);
  bool is_new_ ABSL_GUARDED_BY(mutex_) = true;  // since a connection last asked
};

}  // namespace limpid::rpc
