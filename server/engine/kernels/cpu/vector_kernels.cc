// Compiled once per instruction set; LIMPID_ISA names the namespace, CPU_CAPABILITY picks LibTorch's vector type.
#include <ATen/cpu/vec/functional.h>
#include <ATen/cpu/vec/vec.h>

#include <algorithm>
#include <cmath>

#include "engine/kernels/cpu/few_rows.h"
#include "engine/kernels/cpu/kernels.h"
#include "engine/kernels/cpu/panel_kernels.h"

namespace limpid::engine::cpu::LIMPID_ISA {
namespace {

using Vec = at::vec::Vectorized<float>;
constexpr int64_t kWidth = Vec::size();

float Sum(const Vec& v) {
  return at::vec::vec_reduce_all<float>([](Vec& a, Vec& b) { return a + b; }, v);
}
float Max(const Vec& v) {
  return at::vec::vec_reduce_all<float>([](Vec& a, Vec& b) { return at::vec::maximum(a, b); }, v);
}

// Calls body(offset, lanes) over [0, count): whole vectors, then the rest.
template <typename Body>
inline void ForEachVector(int64_t count, const Body& body) {
  int64_t i = 0;
  for (; i + kWidth <= count; i += kWidth) body(i, kWidth);
  if (i < count) body(i, count - i);
}

inline Vec Load(const float* p, int64_t lanes) { return lanes == kWidth ? Vec::loadu(p) : Vec::loadu(p, lanes); }
inline void Store(const Vec& v, float* p, int64_t lanes) {
  if (lanes == kWidth) {
    v.store(p);
  } else {
    v.store(p, static_cast<int>(lanes));
  }
}
// v with lanes beyond `lanes` replaced.
inline Vec Keep(const Vec& v, float other, int64_t lanes) {
  return lanes == kWidth ? v : Vec::set(Vec(other), v, lanes);
}

void Softmax(float* scores, int64_t rows, int64_t cols, float scale) {
  const Vec factor(scale);
  for (int64_t r = 0; r < rows; ++r, scores += cols) {
    Vec top(-INFINITY);
    ForEachVector(cols,
                  [&](int64_t i, int64_t n) { top = at::vec::maximum(top, Keep(Load(scores + i, n), -INFINITY, n)); });
    const Vec shift(Max(top));
    Vec sum(0);
    ForEachVector(cols, [&](int64_t i, int64_t n) {
      const Vec e = ((Load(scores + i, n) - shift) * factor).exp();
      Store(e, scores + i, n);
      sum = sum + Keep(e, 0, n);
    });
    const Vec inverse(1 / Sum(sum));
    ForEachVector(cols, [&](int64_t i, int64_t n) { Store(Load(scores + i, n) * inverse, scores + i, n); });
  }
}

void SoftmaxVjp(const float* probs, float* grad, int64_t rows, int64_t cols, float scale) {
  for (int64_t r = 0; r < rows; ++r, probs += cols, grad += cols) {
    Vec dot(0);
    ForEachVector(cols,
                  [&](int64_t i, int64_t n) { dot = at::vec::fmadd(Load(probs + i, n), Load(grad + i, n), dot); });
    const Vec total(Sum(dot)), factor(scale);
    ForEachVector(cols, [&](int64_t i, int64_t n) {
      Store(Load(probs + i, n) * factor * (Load(grad + i, n) - total), grad + i, n);
    });
  }
}

void PositiveProduct(const float* a, const float* b, float* out, int64_t count) {
  ForEachVector(count, [&](int64_t i, int64_t n) {
    Store(at::vec::maximum(Load(a + i, n) * Load(b + i, n), Vec(0)), out + i, n);
  });
}

// x * cdf(x) of the normal distribution. The tail by Abramowitz and Stegun 7.1.26 (error 1.5e-7, that of LibTorch's
// erf), which multiplies exp(-x^2 / 2): the derivative's density has the same exponential.
struct Gelu {
  static void Apply(const Vec& x, Vec* y, Vec* dy) {
    const Vec density = (x * x * Vec(-0.5f)).exp();
    const Vec t = Vec(1) / at::vec::fmadd(x.abs(), Vec(static_cast<float>(0.3275911 * M_SQRT1_2)), Vec(1));
    Vec tail(0.5f * 1.061405429f);
    for (const float c : {-1.453152027f, 1.421413741f, -0.284496736f, 0.254829592f}) {
      tail = at::vec::fmadd(tail, t, Vec(0.5f * c));
    }
    tail = tail * t * density;
    const Vec cdf = Vec::blendv(tail, Vec(1) - tail, x > Vec(0));
    *y = x * cdf;
    if (dy == nullptr) return;
    *dy = at::vec::fmadd(x, density * Vec(static_cast<float>(M_2_SQRTPI * M_SQRT1_2 * 0.5)), cdf);
  }
};

// 0.5 x (1 + tanh(u)) = x / (1 + exp(-2u)): an exponential costs half of LibTorch's tanh.
struct GeluTanh {
  static void Apply(const Vec& x, Vec* y, Vec* dy) {
    const Vec twice_beta(static_cast<float>(M_SQRT2 * M_2_SQRTPI)), kappa(0.044715f), one(1);
    const Vec square = x * x;
    const Vec sigmoid = one / (one + (twice_beta * x * at::vec::fmadd(kappa, square, one)).neg().exp());
    *y = x * sigmoid;
    if (dy == nullptr) return;
    const Vec inner = twice_beta * at::vec::fmadd(Vec(3 * 0.044715f), square, one);
    *dy = at::vec::fmadd(*y * (one - sigmoid), inner, sigmoid);
  }
};

struct Relu {
  static void Apply(const Vec& x, Vec* y, Vec* dy) {
    *y = at::vec::maximum(x, Vec(0));
    if (dy != nullptr) *dy = Vec::blendv(Vec(0), Vec(1), x > Vec(0));
  }
};

struct Tanh {
  static void Apply(const Vec& x, Vec* y, Vec* dy) {
    *y = x.tanh();
    if (dy != nullptr) *dy = Vec(1) - *y * *y;
  }
};

struct Silu {
  static void Apply(const Vec& x, Vec* y, Vec* dy) {
    const Vec one(1), sigmoid = one / (one + x.neg().exp());
    *y = x * sigmoid;
    if (dy != nullptr) *dy = at::vec::fmadd(*y, one - sigmoid, sigmoid);
  }
};

template <typename F>
void ActivateBy(float* x, float* derivative, int64_t rows, int64_t cols, int64_t stride) {
  for (int64_t r = 0; r < rows; ++r, x += stride) {
    ForEachVector(cols, [&](int64_t i, int64_t n) {
      Vec y, dy;
      F::Apply(Load(x + i, n), &y, derivative == nullptr ? nullptr : &dy);
      Store(y, x + i, n);
      if (derivative != nullptr) Store(dy, derivative + i, n);
    });
    if (derivative != nullptr) derivative += stride;
  }
}

void Activate(Activation activation, float* x, float* derivative, int64_t rows, int64_t cols, int64_t stride) {
  switch (activation) {
    case Activation::kGelu:
      return ActivateBy<Gelu>(x, derivative, rows, cols, stride);
    case Activation::kGeluTanh:
      return ActivateBy<GeluTanh>(x, derivative, rows, cols, stride);
    case Activation::kRelu:
      return ActivateBy<Relu>(x, derivative, rows, cols, stride);
    case Activation::kTanh:
      return ActivateBy<Tanh>(x, derivative, rows, cols, stride);
    case Activation::kSilu:
      return ActivateBy<Silu>(x, derivative, rows, cols, stride);
  }
}

void ScaleBy(const float* factor, float* x, int64_t rows, int64_t cols, int64_t stride) {
  for (int64_t r = 0; r < rows; ++r, x += stride, factor += stride) {
    ForEachVector(cols, [&](int64_t i, int64_t n) { Store(Load(x + i, n) * Load(factor + i, n), x + i, n); });
  }
}

void AddNorm(const NormCall& call, int64_t row_begin, int64_t row_end) {
  const int64_t cols = call.cols;
  const auto width = static_cast<float>(cols);
  for (int64_t r = row_begin; r < row_end; ++r) {
    const float* x = call.x + r * cols;
    float* normalized = call.normalized + r * cols;
    float* output = call.output + r * cols;
    const float* residual = call.residual == nullptr ? nullptr : call.residual + r * cols;
    float* sums = call.sum == nullptr ? nullptr : call.sum + r * cols;
    Vec sum(0);
    ForEachVector(cols, [&](int64_t i, int64_t n) {
      Vec v = Load(x + i, n);
      if (residual != nullptr) v = v + Load(residual + i, n);
      Store(v, normalized + i, n);
      if (sums != nullptr) Store(v, sums + i, n);
      sum = sum + Keep(v, 0, n);
    });
    const Vec mean(call.is_centred ? Sum(sum) / width : 0);
    Vec squares(0);
    ForEachVector(cols, [&](int64_t i, int64_t n) {
      const Vec centred = Keep(Load(normalized + i, n) - mean, 0, n);
      squares = at::vec::fmadd(centred, centred, squares);
    });
    const float rstd = 1 / std::sqrt(Sum(squares) / width + call.eps);
    if (call.rstd != nullptr) call.rstd[r] = rstd;
    const Vec factor(rstd);
    ForEachVector(cols, [&](int64_t i, int64_t n) {
      const Vec unit = (Load(normalized + i, n) - mean) * factor;
      Store(unit, normalized + i, n);
      const Vec bias = call.norm_bias == nullptr ? Vec(0) : Load(call.norm_bias + i, n);
      Store(at::vec::fmadd(unit, Load(call.weight + i, n), bias), output + i, n);
    });
  }
}

void NormVjp(const NormVjpCall& call, int64_t row_begin, int64_t row_end) {
  const int64_t cols = call.cols;
  for (int64_t r = row_begin; r < row_end; ++r) {
    const float* grad = call.grad + r * cols;
    const float* residual = call.grad_residual == nullptr ? nullptr : call.grad_residual + r * cols;
    const float* beside = call.grad_sum == nullptr ? nullptr : call.grad_sum + r * cols;
    const float* normalized = call.normalized + r * cols;
    float* out = call.grad_input + r * cols;
    Vec sum(0), dot(0);
    ForEachVector(cols, [&](int64_t i, int64_t n) {
      Vec g = Load(grad + i, n);
      if (residual != nullptr) g = g + Load(residual + i, n);
      g = Keep(g * Load(call.weight + i, n), 0, n);
      Store(g, out + i, n);
      sum = sum + g;
      dot = at::vec::fmadd(g, Keep(Load(normalized + i, n), 0, n), dot);
    });
    const auto width = static_cast<float>(cols);
    const Vec mean(call.is_centred ? Sum(sum) / width : 0), projection(Sum(dot) / width), rstd(call.rstd[r]);
    ForEachVector(cols, [&](int64_t i, int64_t n) {
      Vec g = rstd * (Load(out + i, n) - mean - Load(normalized + i, n) * projection);
      if (beside != nullptr) g = g + Load(beside + i, n);
      Store(g, out + i, n);
    });
  }
}

#define LIMPID_STRINGIFY_(x) #x
#define LIMPID_STRINGIFY(x) LIMPID_STRINGIFY_(x)
constexpr Kernels kKernels = {LIMPID_STRINGIFY(LIMPID_ISA),
                              kPanelCols,
                              PackPanel,
                              MultiplyPanel,
                              MultiplyFewRows,
                              Softmax,
                              SoftmaxVjp,
                              PositiveProduct,
                              Activate,
                              ScaleBy,
                              AddNorm,
                              NormVjp};

}  // namespace

const Kernels& Get() { return kKernels; }

}  // namespace limpid::engine::cpu::LIMPID_ISA
