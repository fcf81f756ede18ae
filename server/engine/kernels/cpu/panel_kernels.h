#pragma once

#include <cstdint>

#include "engine/kernels/cpu/kernels.h"

// One instruction set's half of product.h; LIMPID_ISA names it.
namespace limpid::engine::cpu::LIMPID_ISA {

#ifdef CPU_CAPABILITY_AVX512
inline constexpr int64_t kPanelCols = 32;
#else
inline constexpr int64_t kPanelCols = 16;
#endif

void PackPanel(const MatrixView& m, int64_t depth, int64_t cols, float* panel);
void MultiplyPanel(const PanelCall& call);

}  // namespace limpid::engine::cpu::LIMPID_ISA
