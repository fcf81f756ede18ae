#include "lib/channel.h"

#include <fstream>
#include <iterator>
#include <string_view>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/channel_arguments.h"

namespace limpid::client {
namespace {

// A draining replica answers UNAVAILABLE with a pushback of a millisecond, so the retry finds another one without
// health checks. CANCELLED: gRPC's server so resets a call that comes while it shuts down (grpc/grpc#41785). INTERNAL:
// a proxy so resets one whose replica it lost; the server's own INTERNAL says with its pushback not to come again.
constexpr char kServiceConfig[] = R"({
  "loadBalancingConfig": [{"round_robin": {}}],
  "methodConfig": [{
    "name": [{"service": "limpid.v1.Explainer"}],
    "retryPolicy": {
      "maxAttempts": 3,
      "initialBackoff": "0.05s",
      "maxBackoff": "1s",
      "backoffMultiplier": 2,
      "retryableStatusCodes": ["UNAVAILABLE", "RESOURCE_EXHAUSTED", "CANCELLED", "INTERNAL"]
    }
  }],
  "retryThrottling": {"maxTokens": 10, "tokenRatio": 0.1}
})";

bool IsThisMachine(std::string_view address) {
  return address.starts_with("127.") || address.starts_with("localhost:") || address.starts_with("[::1]");
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MakeCredentials(const ServerAddress& server) {
  if (!server.has_tls()) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions options;
  const std::tuple<const char*, const std::string&, std::string*> files[] = {
      {"--tls-ca", server.tls_ca_file, &options.pem_root_certs},
      {"--tls-cert", server.tls_cert_file, &options.pem_cert_chain},
      {"--tls-key", server.tls_key_file, &options.pem_private_key},
  };
  for (const auto& [option, path, text] : files) {
    if (path.empty()) continue;
    absl::StatusOr<std::string> read = ReadSmallFile(option, path);
    if (!read.ok()) return read.status();
    *text = *std::move(read);
  }
  return grpc::SslCredentials(options);
}

}  // namespace

absl::StatusOr<std::string> ReadSmallFile(const std::string& option, const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(file), {});
  if (file.bad() || text.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(option, ": cannot read ", path, ", or it is empty"));
  }
  return text;
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> MakeChannel(const ServerAddress& server, Retries retries) {
  grpc::ChannelArguments arguments;
  arguments.SetServiceConfigJSON(kServiceConfig);
  if (retries == Retries::kOff) {
    arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  }
  arguments.SetUserAgentPrefix("limpid/" LIMPID_VERSION);
  // gRPC would ask the proxy of $http_proxy for its own machine, too.
  if (IsThisMachine(server.address)) arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  if (!server.tls_server_name.empty()) arguments.SetSslTargetNameOverride(server.tls_server_name);
  auto credentials = MakeCredentials(server);
  if (!credentials.ok()) return credentials.status();
  return grpc::CreateCustomChannel(server.address, *credentials, arguments);
}

}  // namespace limpid::client
