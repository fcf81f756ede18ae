#pragma once

namespace limpid {
inline constexpr char kVersion[] = LIMPID_VERSION;
}  // namespace limpid
