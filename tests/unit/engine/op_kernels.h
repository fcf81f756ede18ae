#pragma once

#include <ATen/core/TensorBody.h>
#include <ATen/ops/abs.h>

#include <algorithm>
#include <ostream>
#include <string>
#include <vector>

#include "engine/kernels/cpu/kernels.h"

// What every op test goes through: each instruction set's kernels against the portable op in double.
namespace limpid::engine {

struct KernelSet {
  const char* name;
  const cpu::Kernels* (*get)();  // null where this machine cannot run them

  friend void PrintTo(const KernelSet& set, std::ostream* out) { *out << set.name; }
};

inline const std::vector<KernelSet>& KernelSets() {
  static const auto& sets = *new std::vector<KernelSet>{{"Avx2", cpu::Avx2Kernels}, {"Avx512", cpu::Avx512Kernels}};
  return sets;
}

// Of the largest number: a few roundings of fp32 (6e-8 each), grown by the sums in between.
constexpr double kFp32Tolerance = 2e-6;

inline double RelativeError(const at::Tensor& actual, const at::Tensor& expected) {
  const at::Tensor truth = expected.to(at::kDouble);
  const double scale = std::max(1e-3, truth.abs().max().item<double>());
  return (actual.to(at::kDouble) - truth).abs().max().item<double>() / scale;
}

}  // namespace limpid::engine
