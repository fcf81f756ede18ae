#include "engine/pass/noise.h"

#include <ATen/core/PhiloxRNGEngine.h>

#include <cmath>
#include <cstddef>

namespace limpid::engine {
namespace {

constexpr double kUnit = 1.0 / (1 << 24);

double Uniform(uint32_t word) { return (word >> 8) * kUnit; }

void AddGaussian(double scale, int64_t width, at::Philox4_32* random, float* x) {
  for (int64_t i = 0; i < width; i += 2) {
    const double radius = scale * std::sqrt(-2 * std::log(Uniform((*random)()) + kUnit));
    const double angle = 2 * M_PI * Uniform((*random)());
    x[i] += static_cast<float>(radius * std::cos(angle));
    if (i + 1 < width) x[i + 1] += static_cast<float>(radius * std::sin(angle));
  }
}

}  // namespace

void AddNoise(const Noise& noise, std::span<const int32_t> positions, int64_t num_tokens, int64_t width, float* x) {
  for (int64_t token = 0; token < num_tokens; ++token, x += width) {
    const auto position = static_cast<uint64_t>(positions.empty() ? token : positions[static_cast<size_t>(token)]);
    at::Philox4_32 random(noise.seed, uint64_t{noise.sample} << 32 | position);
    switch (noise.kind) {
      case Noise::Kind::kGaussian:
        AddGaussian(noise.scale, width, &random, x);
        break;
      case Noise::Kind::kUniform:
        for (int64_t i = 0; i < width; ++i) x[i] += static_cast<float>(noise.scale * (2 * Uniform(random()) - 1));
        break;
      case Noise::Kind::kBernoulli: {
        const double keep = noise.keep[static_cast<size_t>(token)];
        for (int64_t i = 0; i < width; ++i) {
          if (Uniform(random()) >= keep) x[i] = 0;
        }
        break;
      }
    }
  }
}

}  // namespace limpid::engine
