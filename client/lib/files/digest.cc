#include "lib/files/digest.h"

#include <openssl/evp.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace limpid::client {

absl::StatusOr<FileDigest> DigestFile(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  bool is_good = file.good() && EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1;
  FileDigest digest;
  std::array<char, 1 << 16> buffer;
  while (is_good && (file.read(buffer.data(), buffer.size()), file.gcount() > 0)) {
    const auto read = static_cast<size_t>(file.gcount());
    digest.bytes += read;
    is_good = EVP_DigestUpdate(context.get(), buffer.data(), read) == 1;
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash;
  unsigned int size = 0;
  is_good = is_good && !file.bad() && EVP_DigestFinal_ex(context.get(), hash.data(), &size) == 1;
  if (!is_good) return absl::UnknownError(absl::StrCat("cannot read ", path, ": ", std::strerror(errno)));
  digest.sha256 = absl::BytesToHexString({reinterpret_cast<const char*>(hash.data()), size});
  return digest;
}

}  // namespace limpid::client
