// Bytes as a token and, after a NUL byte, as the file of the public keys. A token passes only with the signature of a
// key that the fuzzer does not have.
#include <cstdint>
#include <optional>

#include "fuzz/check.h"
#include "rpc/jwt.h"

namespace {

constexpr char kPublicKeys[] = R"(-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEvhoTKYWI98mb318YftUJswE7Barc
+tE3ND1weOxBuG3gazwKDc2dfZ6OYr9h5y8dXAgSMjwLfFrnhRr7LUQ3Kg==
-----END PUBLIC KEY-----
-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAxK/KKK7W/s/EeqQgNqVm
SS9P333xMZCP6nieuTyeNMeQOChG0oDVSf94E//UUhT6lDbMWjSMxHzZM0/MnVTR
3C7qhyyfPaucRsa4sZE1lKyvMGmTjsSIzyi/SV+D55Z6fJravQ2NJxud7e8to0g5
ZSbrG7WIXV1e5tCT0MYTHiugjmGrllGz+5LB2zcSe7cl387J3P9A9MVz3KxjNcAw
/IDL5b8Ij/ABIsyKo55K6OH6TvyJvVdvabs+GY4EEGlTDGSjAjA8WwB8Ls3NvRCA
0Yi7E2DhKF9udFjgoLfoQrfvTybym94ZjEWVDj0y4c8wXWpDEEI+lgxN5iGBBe/X
uwIDAQAB
-----END PUBLIC KEY-----
)";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using limpid::rpc::JwtVerifier;
  static const auto verifier = JwtVerifier::Create({.keys = kPublicKeys, .issuer = "", .audience = ""});
  FUZZ_CHECK(verifier.ok());
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t split = input.find('\0');
  const auto subject = verifier->Verify(input.substr(0, split), absl::UnixEpoch());
  FUZZ_CHECK(subject.status().code() == absl::StatusCode::kUnauthenticated);
  if (split == std::string_view::npos) return 0;
  const auto other = JwtVerifier::Create({.keys = std::string(input.substr(split + 1)), .issuer = "", .audience = ""});
  FUZZ_CHECK(other.ok() || other.status().code() == absl::StatusCode::kInvalidArgument);
  return 0;
}
