#include "engine/kernels/cpu/rotary.h"

#include "engine/kernels/cpu/parallel.h"

namespace limpid::engine::cpu {

void Rotate(const RotaryAngles& angles, int64_t num_heads, int64_t head_size, at::Tensor* x) {
  constexpr int64_t kGrain = 16;
  const int64_t pairs = angles.cosine.size(1), stride = x->size(1);
  const float* cosines = angles.cosine.const_data_ptr<float>();
  const float* sines = angles.sine.const_data_ptr<float>();
  float* rows = x->data_ptr<float>();
  ForRows(x->size(0), kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      const float* cosine = cosines + t * pairs;
      const float* sine = sines + t * pairs;
      for (int64_t head = 0; head < num_heads; ++head) {
        float* a = rows + t * stride + head * head_size;
        float* b = a + pairs;
        for (int64_t i = 0; i < pairs; ++i) {
          const float turned = a[i] * cosine[i] - b[i] * sine[i];
          b[i] = b[i] * cosine[i] + a[i] * sine[i];
          a[i] = turned;
        }
      }
    }
  });
}

}  // namespace limpid::engine::cpu
