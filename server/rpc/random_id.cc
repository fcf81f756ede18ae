#include "rpc/random_id.h"

#include <cstdint>
#include <random>

#include "absl/strings/str_format.h"

namespace limpid::rpc {

std::string RandomId() {
  thread_local std::mt19937_64 random([] {
    std::random_device device;
    return (uint64_t{device()} << 32) | device();
  }());
  return absl::StrFormat("%016x", random());
}

}  // namespace limpid::rpc
