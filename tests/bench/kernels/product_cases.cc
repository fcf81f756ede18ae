#include <ATen/ops/mm.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/randn_like.h>

#include "bench/kernels/flops.h"
#include "bench/kernels/op_cases.h"
#include "engine/ops/attention.h"
#include "engine/ops/linear.h"

namespace limpid::bench {
namespace {

engine::LinearWeights Weights(int64_t in, int64_t out) { return {at::randn({out, in}), at::randn({out})}; }

// Owns what an AttentionShape looks at.
struct Sequences {
  std::vector<int64_t> cu_seqlens = {0};
  int64_t heads;
  at::Tensor qkv;

  Sequences(const std::vector<int64_t>& lengths, int64_t hidden, int64_t num_heads) : heads(num_heads) {
    for (const int64_t length : lengths) cu_seqlens.push_back(cu_seqlens.back() + length);
    qkv = at::randn({cu_seqlens.back(), 3 * hidden});
  }

  engine::AttentionShape shape() const { return {cu_seqlens, heads, heads}; }
};

}  // namespace

OpCase GemmCase(int64_t size) {
  return {.run = [a = at::randn({size, size}), b = at::randn({size, size})] { at::mm(a, b); },
          .flops = LinearFlops(size, size, size)};
}

OpCase LinearCase(int64_t tokens, int64_t in, int64_t out) {
  return {.run = [weights = Weights(in, out), x = at::randn({tokens, in})] { LinearForward(weights, x); },
          .flops = LinearFlops(tokens, in, out)};
}

OpCase LinearVjpCase(int64_t tokens, int64_t in, int64_t out) {
  return {.run = [weights = Weights(in, out), grad_y = at::randn({tokens, out})] { LinearVjp(weights, grad_y); },
          .flops = LinearFlops(tokens, in, out)};
}

OpCase AttentionCase(const std::vector<int64_t>& lengths, int64_t hidden, int64_t heads) {
  const auto run = [sequences = Sequences(lengths, hidden, heads)] {
    std::vector<at::Tensor> probs;
    AttentionForward(sequences.shape(), sequences.qkv, {}, &probs);
  };
  return {.run = run, .flops = AttentionFlops(lengths, hidden)};
}

OpCase AttentionVjpCase(const std::vector<int64_t>& lengths, int64_t hidden, int64_t heads) {
  const Sequences sequences(lengths, hidden, heads);
  std::vector<at::Tensor> probs;
  const at::Tensor output = AttentionForward(sequences.shape(), sequences.qkv, {}, &probs);
  const auto run = [sequences, probs, grad_output = at::randn_like(output)] {
    AttentionVjp(sequences.shape(), sequences.qkv, probs, grad_output, {});
  };
  return {.run = run, .flops = AttentionVjpFlops(lengths, hidden)};
}

}  // namespace limpid::bench
