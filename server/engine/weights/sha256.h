#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace limpid::engine {

// SHA-256 of the parts, joined, in lower-case hex.
std::string Sha256Hex(std::span<const std::span<const std::byte>> parts);

}  // namespace limpid::engine
