#pragma once

#include "engine/kernels/cpu/kernels.h"

namespace limpid::engine::cpu::LIMPID_ISA {

void MultiplyFewRows(const FewRowsCall& call);

}  // namespace limpid::engine::cpu::LIMPID_ISA
