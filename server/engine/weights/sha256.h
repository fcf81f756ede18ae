#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace limpid::engine {

// SHA-256 of the bytes, lower-case hex.
std::string Sha256Hex(std::span<const std::byte> bytes);

}  // namespace limpid::engine
