#include "rpc/jwt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "support/status_matchers.h"

namespace limpid::rpc {
namespace {

using ::limpid::testing::StatusIs;
using ::testing::HasSubstr;

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

std::string PublicPem(EVP_PKEY* key) {
  const Bio bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PUBKEY(bio.get(), key);
  const char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return std::string(text, static_cast<size_t>(size));
}

std::string Sign(EVP_PKEY* key, const std::string& header, const std::string& claims) {
  const std::string text = absl::StrCat(absl::WebSafeBase64Escape(header), ".", absl::WebSafeBase64Escape(claims));
  const std::unique_ptr<EVP_MD_CTX, OpensslDeleter<EVP_MD_CTX_free>> context(EVP_MD_CTX_new());
  unsigned char signature[512];
  size_t size = sizeof signature;
  EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key);
  EVP_DigestSign(context.get(), signature, &size, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  return absl::StrCat(text, ".", absl::WebSafeBase64Escape(std::string(reinterpret_cast<char*>(signature), size)));
}

class JwtTest : public ::testing::Test {
 protected:
  // Slow to make.
  static EVP_PKEY* RsaKey() {
    static EVP_PKEY* const key = EVP_RSA_gen(2048);
    return key;
  }

  std::string Token(const std::string& claims) const { return Sign(RsaKey(), R"({"alg":"RS256"})", claims); }
  absl::StatusOr<std::string> Verify(const std::string& claims) const { return verifier_.Verify(Token(claims), kNow); }

  const JwtVerifier verifier_ = *JwtVerifier::Create({.keys = PublicPem(RsaKey())});
};

TEST_F(JwtTest, TheSubjectOfAGoodTokenIsTheCaller) {
  EXPECT_EQ(*Verify(R"({"sub":"search","exp":1800000001})"), "search");
}

TEST_F(JwtTest, ClocksMayDifferByHalfAMinute) {
  EXPECT_TRUE(Verify(R"({"sub":"a","exp":1799999971})").ok());
  EXPECT_THAT(Verify(R"({"sub":"a","exp":1799999970})"),
              StatusIs(absl::StatusCode::kUnauthenticated, HasSubstr("expired")));
  EXPECT_TRUE(Verify(R"({"sub":"a","exp":1900000000,"nbf":1800000030})").ok());
  EXPECT_THAT(Verify(R"({"sub":"a","exp":1900000000,"nbf":1800000031})"),
              StatusIs(absl::StatusCode::kUnauthenticated, HasSubstr("not valid yet")));
}

TEST_F(JwtTest, IssuerAndAudienceAreLookedAtOnlyWhenAskedFor) {
  const JwtVerifier strict = *JwtVerifier::Create({.keys = PublicPem(RsaKey()), .issuer = "i", .audience = "a"});
  const std::string neither = R"({"sub":"x","exp":1800000001})";
  const std::string both = R"({"sub":"x","exp":1800000001,"iss":"i","aud":"a"})";

  EXPECT_TRUE(Verify(neither).ok());
  EXPECT_TRUE(Verify(both).ok());
  EXPECT_FALSE(strict.Verify(Token(neither), kNow).ok());
  EXPECT_EQ(*strict.Verify(Token(both), kNow), "x");
}

TEST_F(JwtTest, EveryChangedByteIsNoticed) {
  const std::string token = Token(R"({"sub":"a","exp":1800000001})");
  ASSERT_TRUE(verifier_.Verify(token, kNow).ok());
  for (size_t i = 0; i + 1 < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(verifier_.Verify(changed, kNow).ok()) << i;
  }
}

TEST_F(JwtTest, WhatIsNoTokenIsRefused) {
  for (const std::string& text : {std::string(), std::string("."), std::string(".."), std::string("a.b.c.d"),
                                  Token("[]"), Token("{"), Token("null"), std::string(9000, '.'), Token("{}") + "="}) {
    EXPECT_THAT(verifier_.Verify(text, kNow), StatusIs(absl::StatusCode::kUnauthenticated, HasSubstr("the token")));
  }
}

TEST_F(JwtTest, KeysThatAreTooWeakOrNoneAreRefused) {
  const auto create = [](const std::string& keys) { return JwtVerifier::Create({.keys = keys}); };
  const std::string good = PublicPem(RsaKey());
  const Key weak(EVP_RSA_gen(1024)), other_curve(EVP_EC_gen("P-384"));

  EXPECT_THAT(create("").status(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("1 to 16 public keys")));
  EXPECT_THAT(create(good + good.substr(0, 100)).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("key 2: damaged")));
  EXPECT_THAT(create(good + PublicPem(weak.get())).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("key 2: neither RSA of 2048 bits")));
  EXPECT_THAT(create(PublicPem(other_curve.get())).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("P-256")));
  std::string many;
  for (size_t i = 0; i <= JwtVerifier::kMaxKeys; ++i) many += good;
  EXPECT_THAT(create(many).status(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("it holds 17")));
}

}  // namespace
}  // namespace limpid::rpc
