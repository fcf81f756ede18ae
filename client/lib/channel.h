#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "grpcpp/channel.h"

namespace limpid::client {

inline constexpr char kDefaultServer[] = "127.0.0.1:50051";

// Where the server is, and how its connection is secured.
struct ServerAddress {
  std::string address = kDefaultServer;  // HOST:PORT, or any gRPC name such as dns:///limpid:50051
  // PEM files; without `tls_ca_file` the connection is plaintext.
  std::string tls_ca_file;                  // signs the server's certificate
  std::string tls_cert_file, tls_key_file;  // of this client, both or none
  std::string tls_server_name;              // what the server's certificate is for, if not the address

  bool has_tls() const { return !tls_ca_file.empty(); }
};

// kOff is for measurements, and for those who know better when to try again: each call is made once, over a connection
// of the channel's own.
enum class Retries { kOn, kOff };

// Connects at the first call. Unless they are off, calls that the server refuses for want of room or while it drains
// are tried up to three times, at another replica where the name has several. INVALID_ARGUMENT names a file that cannot
// be read.
absl::StatusOr<std::shared_ptr<grpc::Channel>> MakeChannel(const ServerAddress& server, Retries retries);

// The text of a small file. INVALID_ARGUMENT names `option` and the file if it cannot be read or is empty.
absl::StatusOr<std::string> ReadSmallFile(const std::string& option, const std::string& path);

}  // namespace limpid::client
