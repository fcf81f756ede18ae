#include "rpc/jwt.h"

#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/reason.h"
#include "base/status_macros.h"
#include "nlohmann/json.hpp"

namespace limpid::rpc {
namespace {

using Json = nlohmann::json;
using KeyContext = std::unique_ptr<EVP_MD_CTX, OpensslDeleter<EVP_MD_CTX_free>>;
using EcdsaSignature = std::unique_ptr<ECDSA_SIG, OpensslDeleter<ECDSA_SIG_free>>;

constexpr size_t kEs256NumberBytes = 32;

absl::Status Refused(std::string_view why) { return absl::UnauthenticatedError(std::string(why)); }

// The next of a PEM text; null after the last.
absl::StatusOr<Key> ReadPublicKey(BIO* bio) {
  char *name = nullptr, *header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;
  ERR_clear_error();
  if (PEM_read_bio(bio, &name, &header, &data, &size) != 1) {
    const bool is_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    if (is_end) return nullptr;
    return absl::InvalidArgumentError("damaged");
  }
  const unsigned char* begin = data;
  Key key(std::string_view(name) == PEM_STRING_PUBLIC ? d2i_PUBKEY(nullptr, &begin, size) : nullptr);
  ERR_clear_error();
  for (void* read : {static_cast<void*>(name), static_cast<void*>(header), static_cast<void*>(data)})
    OPENSSL_free(read);
  if (key == nullptr) return absl::InvalidArgumentError("not a PUBLIC KEY");
  return key;
}

std::optional<std::string> Base64Url(std::string_view text) {
  // Abseil would skip white space and take padding.
  const auto is_allowed = [](unsigned char c) { return absl::ascii_isalnum(c) || c == '-' || c == '_'; };
  std::string bytes;
  if (!std::all_of(text.begin(), text.end(), is_allowed)) return std::nullopt;
  if (!absl::WebSafeBase64Unescape({text.data(), text.size()}, &bytes)) return std::nullopt;
  return bytes;
}

// An object, or null.
Json DecodeObject(std::string_view part) {
  const std::optional<std::string> text = Base64Url(part);
  if (!text.has_value()) return nullptr;
  Json json = Json::parse(*text, nullptr, /*allow_exceptions=*/false);
  return json.is_object() ? json : nullptr;
}

std::string Text(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

// JWS has the two numbers of an ECDSA signature side by side (RFC 7518, 3.4), OpenSSL wants them in DER.
std::optional<std::string> DerSignature(const std::string& signature) {
  if (signature.size() != 2 * kEs256NumberBytes) return std::nullopt;
  const auto* bytes = reinterpret_cast<const unsigned char*>(signature.data());
  const EcdsaSignature numbers(ECDSA_SIG_new());
  ECDSA_SIG_set0(numbers.get(), BN_bin2bn(bytes, kEs256NumberBytes, nullptr),
                 BN_bin2bn(bytes + kEs256NumberBytes, kEs256NumberBytes, nullptr));
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(numbers.get(), &der);
  if (size <= 0) return std::nullopt;
  std::string text(reinterpret_cast<const char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return text;
}

absl::Status CheckTimes(const Json& claims, absl::Time now) {
  const double seconds = absl::ToDoubleSeconds(now - absl::UnixEpoch());
  const double skew = absl::ToDoubleSeconds(JwtVerifier::kClockSkew);
  const auto exp = claims.find("exp"), nbf = claims.find("nbf");
  if (exp == claims.end() || !exp->is_number()) return Refused("the token has no exp");
  if (seconds >= exp->get<double>() + skew) return Refused("the token has expired");
  if (nbf != claims.end() && (!nbf->is_number() || seconds < nbf->get<double>() - skew)) {
    return Refused("the token is not valid yet");
  }
  return absl::OkStatus();
}

bool IsFor(const Json& claims, const std::string& audience) {
  const auto aud = claims.find("aud");
  if (aud == claims.end()) return false;
  const auto is_it = [&](const Json& one) { return one.is_string() && one.get<std::string>() == audience; };
  return aud->is_array() ? std::any_of(aud->begin(), aud->end(), is_it) : is_it(*aud);
}

}  // namespace

absl::StatusOr<JwtVerifier::Algorithm> JwtVerifier::AlgorithmOf(const EVP_PKEY* key) {
  const int type = EVP_PKEY_get_base_id(key), bits = EVP_PKEY_get_bits(key);
  if (type == EVP_PKEY_RSA && bits >= 2048) return Algorithm::kRs256;
  char group[32] = "";
  if (type == EVP_PKEY_EC && EVP_PKEY_get_group_name(key, group, sizeof group, nullptr) == 1 &&
      std::string_view(group) == "prime256v1") {
    return Algorithm::kEs256;
  }
  return absl::InvalidArgumentError("neither RSA of 2048 bits or more (RS256) nor EC on P-256 (ES256)");
}

absl::StatusOr<JwtVerifier> JwtVerifier::Create(const JwtOptions& options) {
  JwtVerifier verifier;
  verifier.issuer_ = options.issuer;
  verifier.audience_ = options.audience;
  const Bio bio = OpenText(options.keys);
  while (true) {
    absl::StatusOr<Key> key = ReadPublicKey(bio.get());
    if (key.ok() && *key == nullptr) break;
    const absl::StatusOr<Algorithm> algorithm = key.ok() ? AlgorithmOf(key->get()) : key.status();
    if (!algorithm.ok()) {
      return base::Annotate(algorithm.status(), absl::StrCat("key ", verifier.keys_.size() + 1, ": "));
    }
    verifier.keys_.push_back({*algorithm, *std::move(key)});
  }
  if (verifier.keys_.empty() || verifier.keys_.size() > kMaxKeys) {
    return absl::InvalidArgumentError(
        absl::StrCat("must hold 1 to ", kMaxKeys, " public keys in PEM form, it holds ", verifier.keys_.size()));
  }
  return verifier;
}

bool JwtVerifier::IsSigned(std::string_view signed_part, const std::string& signature, Algorithm algorithm) const {
  const std::optional<std::string> form = algorithm == Algorithm::kEs256 ? DerSignature(signature) : signature;
  if (!form.has_value()) return false;
  const bool any = std::any_of(keys_.begin(), keys_.end(), [&](const VerificationKey& candidate) {
    if (candidate.algorithm != algorithm) return false;
    const KeyContext context(EVP_MD_CTX_new());
    return EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, candidate.key.get()) == 1 &&
           EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(form->data()), form->size(),
                            reinterpret_cast<const unsigned char*>(signed_part.data()), signed_part.size()) == 1;
  });
  ERR_clear_error();
  return any;
}

absl::StatusOr<std::string> JwtVerifier::Verify(std::string_view token, absl::Time now) const {
  if (token.size() > kMaxTokenBytes) return Refused("the token is too long");
  const size_t first = token.find('.'), last = token.rfind('.');
  if (first == last || token.find('.', first + 1) != last) return Refused("the token is not a JWT");
  const Json header = DecodeObject(token.substr(0, first));
  const Json claims = DecodeObject(token.substr(first + 1, last - first - 1));
  const std::optional<std::string> signature = Base64Url(token.substr(last + 1));
  if (header.is_null() || claims.is_null() || !signature.has_value()) return Refused("the token is not a JWT");

  const std::string alg = Text(header, "alg");
  if (alg != "RS256" && alg != "ES256") return Refused("the token's alg is neither RS256 nor ES256");
  // Extensions that must be understood (RFC 7515, 4.1.11): none are.
  if (header.contains("crit")) return Refused("the token has critical extensions");
  const Algorithm algorithm = alg == "ES256" ? Algorithm::kEs256 : Algorithm::kRs256;
  if (!IsSigned(token.substr(0, last), *signature, algorithm)) return Refused("no key has signed the token");

  ABSL_RETURN_IF_ERROR(CheckTimes(claims, now));
  if (!issuer_.empty() && Text(claims, "iss") != issuer_) return Refused("the token is of another issuer");
  if (!audience_.empty() && !IsFor(claims, audience_)) return Refused("the token is for another audience");
  std::string subject = Text(claims, "sub");
  if (subject.empty() || subject.size() > kMaxSubjectBytes) return Refused("the token has no usable sub");
  return subject;
}

}  // namespace limpid::rpc
