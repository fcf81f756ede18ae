#include "engine/kernels/cpu/packed_weight.h"

#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/sin.h>

#include <utility>

// MKL, inside LibTorch (Fortran interface, column-major).
extern "C" {
size_t sgemm_pack_get_size_(const char* identifier, const int* m, const int* n, const int* k);
void sgemm_pack_(const char* identifier, const char* trans, const int* m, const int* n, const int* k,
                 const float* alpha, const float* src, const int* ld, float* dest);
void sgemm_compute_(const char* transa, const char* transb, const int* m, const int* n, const int* k, const float* a,
                    const int* lda, const float* b, const int* ldb, const float* beta, float* c, const int* ldc);
}

namespace limpid::engine::cpu {
namespace {

// The number of rows named when packing; a shard has about so many.
constexpr int kTypicalRows = 384;

}  // namespace

std::shared_ptr<const PackedWeight> PackedWeight::Pack(const at::Tensor& stored, bool is_transposed) {
  const int64_t inner = stored.size(is_transposed ? 1 : 0), cols = stored.size(is_transposed ? 0 : 1);
  // Column-major, these row-major matrices are their own transposes: y^T = M^T x^T, and M^T is the left-hand side.
  const int m = static_cast<int>(cols), n = kTypicalRows, k = static_cast<int>(inner);
  const int ld = static_cast<int>(stored.size(1));
  const float alpha = 1;
  const auto bytes = static_cast<int64_t>(sgemm_pack_get_size_("A", &m, &n, &k));
  at::Tensor buffer = at::empty({bytes}, at::TensorOptions(at::kByte));
  sgemm_pack_("A", is_transposed ? "T" : "N", &m, &n, &k, &alpha, stored.const_data_ptr<float>(), &ld,
              reinterpret_cast<float*>(buffer.data_ptr<uint8_t>()));
  auto packed = std::shared_ptr<const PackedWeight>(new PackedWeight(std::move(buffer), inner, cols));
  return packed->AgreesWith(stored, is_transposed) ? packed : nullptr;
}

void PackedWeight::Multiply(const float* x, int64_t rows, bool is_added, float* y) const {
  const int m = static_cast<int>(cols_), n = static_cast<int>(rows), k = static_cast<int>(inner_);
  const float beta = is_added ? 1 : 0;
  sgemm_compute_("P", "N", &m, &n, &k, reinterpret_cast<const float*>(buffer_.const_data_ptr<uint8_t>()), &m, x, &k,
                 &beta, y, &m);
}

bool PackedWeight::AgreesWith(const at::Tensor& stored, bool is_transposed) const {
  for (const int64_t rows : {1, 37}) {
    const at::Tensor x = at::sin(at::arange(rows * inner_, at::TensorOptions(at::kFloat))).view({rows, inner_});
    at::Tensor y = at::empty({rows, cols_}, x.options());
    Multiply(x.const_data_ptr<float>(), rows, /*is_added=*/false, y.data_ptr<float>());
    const at::Tensor plain = at::mm(x, is_transposed ? stored.t() : stored);
    if (!at::allclose(y, plain, /*rtol=*/1e-4, /*atol=*/1e-4 * plain.abs().max().item<double>())) return false;
  }
  return true;
}

}  // namespace limpid::engine::cpu
