// Batch norm in training over images that lie channels last, fused with what follows it: an addition, a ReLU.
//
// Rows are pixels of all images, [rows, channels]. Sums are added up in float over BLOCK rows at a time, then in double, each
// thread on its own share of the blocks and then thread by thread: the same on every run with as many threads.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>
#include <omp.h>

namespace {

constexpr int64_t BLOCK = 256;

using bfloat16 = uint16_t;  // its bits

inline float widened(float value) { return value; }

inline float widened(bfloat16 value) {
  uint32_t bits = static_cast<uint32_t>(value) << 16;
  float number;
  std::memcpy(&number, &bits, 4);
  return number;
}

inline void narrow(float number, float& value) { value = number; }

// To the nearest, ties to even.
inline void narrow(float number, bfloat16& value) {
  uint32_t bits;
  std::memcpy(&bits, &number, 4);
  value = static_cast<bfloat16>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

// Calls part(first, last, a, b) for blocks of rows; returns in `sums` the totals of what it adds to a and b, [2 * channels].
template <typename Part>
void add_up(int64_t rows, int64_t channels, std::vector<double>& sums, Part part) {
  const int threads = omp_get_max_threads();
  std::vector<std::vector<double>> shares(threads, std::vector<double>(2 * channels, 0.0));
#pragma omp parallel num_threads(threads)
  {
    std::vector<float> partial(2 * channels);
    double* share = shares[omp_get_thread_num()].data();
#pragma omp for schedule(static)
    for (int64_t block = 0; block < (rows + BLOCK - 1) / BLOCK; ++block) {
      std::fill(partial.begin(), partial.end(), 0.0f);
      part(block * BLOCK, std::min(rows, (block + 1) * BLOCK), partial.data(), partial.data() + channels);
      for (int64_t i = 0; i < 2 * channels; ++i) share[i] += partial[i];
    }
  }
  sums.assign(2 * channels, 0.0);
  for (const auto& share : shares)
    for (int64_t i = 0; i < 2 * channels; ++i) sums[i] += share[i];
}

// y = norm(x), plus `rest` unless it is null, then ReLU if `relu`. Leaves the batch's mean, variance (biased) and 1 / deviation.
template <typename Number>
void forward(const Number* x, const Number* rest, Number* y, int64_t rows, int64_t channels, const float* weight,
             const float* bias, float eps, int relu, float* mean, float* variance, float* inverse) {
  std::vector<double> sums;
  add_up(rows, channels, sums, [=](int64_t first, int64_t last, float* total, float* squares) {
    for (int64_t row = first; row < last; ++row) {
      const Number* in = x + row * channels;
#pragma omp simd
      for (int64_t c = 0; c < channels; ++c) {
        const float value = widened(in[c]) - widened(x[c]);  // from the first row: nothing is lost where the mean is large
        total[c] += value;
        squares[c] += value * value;
      }
    }
  });
  std::vector<float> scale(channels), shift(channels);
  for (int64_t c = 0; c < channels; ++c) {
    const double centre = sums[c] / rows;
    const double spread = std::max(sums[channels + c] / rows - centre * centre, 0.0);  // NaN stays NaN
    mean[c] = static_cast<float>(widened(x[c]) + centre);
    variance[c] = static_cast<float>(spread);
    inverse[c] = static_cast<float>(1 / std::sqrt(spread + eps));
    scale[c] = weight[c] * inverse[c];
    shift[c] = bias[c] - mean[c] * scale[c];
  }
  const float* a = scale.data();
  const float* b = shift.data();
  const float least = relu ? 0.0f : -INFINITY;
#pragma omp parallel for schedule(static)
  for (int64_t row = 0; row < rows; ++row) {
    const Number* in = x + row * channels;
    Number* out = y + row * channels;
    if (rest) {
      const Number* other = rest + row * channels;
#pragma omp simd
      for (int64_t c = 0; c < channels; ++c) {
        const float value = widened(in[c]) * a[c] + b[c] + widened(other[c]);
        narrow(value < least ? least : value, out[c]);
      }
    } else {
#pragma omp simd
      for (int64_t c = 0; c < channels; ++c) {
        const float value = widened(in[c]) * a[c] + b[c];
        narrow(value < least ? least : value, out[c]);
      }
    }
  }
}

// From `grad` of y: of x into `dx`, of rest into `drest` (unless null), of weight and bias. `y` is null where there was no ReLU.
template <typename Number>
void backward(const Number* grad, const Number* x, const Number* y, Number* dx, Number* drest, int64_t rows, int64_t channels,
              const float* weight, const float* mean, const float* inverse, float* dweight, float* dbias) {
  // The part of `grad` that passes the ReLU is kept, in drest or for now in dx, for the second pass.
  Number* kept = y ? (drest ? drest : dx) : nullptr;
  std::vector<double> sums;
  add_up(rows, channels, sums, [=](int64_t first, int64_t last, float* total, float* products) {
    for (int64_t row = first; row < last; ++row) {
      const Number* g = grad + row * channels;
      const Number* in = x + row * channels;
      if (kept) {
        const Number* out = y + row * channels;
        Number* keep = kept + row * channels;
#pragma omp simd
        for (int64_t c = 0; c < channels; ++c) {
          const Number passed = widened(out[c]) <= 0 ? Number(0) : g[c];
          keep[c] = passed;
          const float value = widened(passed);
          total[c] += value;
          products[c] += value * (widened(in[c]) - mean[c]);
        }
      } else {
#pragma omp simd
        for (int64_t c = 0; c < channels; ++c) {
          const float value = widened(g[c]);
          total[c] += value;
          products[c] += value * (widened(in[c]) - mean[c]);
        }
      }
    }
  });
  // dx = weight * inverse * (g - mean of g - (x - mean) * inverse^2 * mean of g * (x - mean))
  std::vector<float> scale(channels), slope(channels), shift(channels);
  for (int64_t c = 0; c < channels; ++c) {
    dbias[c] = static_cast<float>(sums[c]);
    dweight[c] = static_cast<float>(sums[channels + c] * inverse[c]);
    const double factor = static_cast<double>(weight[c]) * inverse[c];
    const double along = factor * inverse[c] * inverse[c] * sums[channels + c] / rows;
    scale[c] = static_cast<float>(factor);
    slope[c] = static_cast<float>(-along);
    shift[c] = static_cast<float>(along * mean[c] - factor * sums[c] / rows);
  }
  const float* a = scale.data();
  const float* s = slope.data();
  const float* b = shift.data();
  const Number* passed = kept ? kept : grad;
#pragma omp parallel for schedule(static)
  for (int64_t row = 0; row < rows; ++row) {
    const Number* g = passed + row * channels;
    const Number* in = x + row * channels;
    Number* out = dx + row * channels;
#pragma omp simd
    for (int64_t c = 0; c < channels; ++c) narrow(widened(g[c]) * a[c] + widened(in[c]) * s[c] + b[c], out[c]);
  }
}

}  // namespace

// NUMBER_forward and NUMBER_backward for each kind of number, for callers that know no templates.
#define EXPORT(NAME, NUMBER)                                                                                                   \
  extern "C" void NAME##_forward(const NUMBER* x, const NUMBER* rest, NUMBER* y, int64_t rows, int64_t channels,              \
                                 const float* weight, const float* bias, float eps, int relu, float* mean, float* variance,   \
                                 float* inverse) {                                                                             \
    forward(x, rest, y, rows, channels, weight, bias, eps, relu, mean, variance, inverse);                                     \
  }                                                                                                                            \
  extern "C" void NAME##_backward(const NUMBER* grad, const NUMBER* x, const NUMBER* y, NUMBER* dx, NUMBER* drest,            \
                                  int64_t rows, int64_t channels, const float* weight, const float* mean,                     \
                                  const float* inverse, float* dweight, float* dbias) {                                        \
    backward(grad, x, y, dx, drest, rows, channels, weight, mean, inverse, dweight, dbias);                                    \
  }

EXPORT(float32, float)
EXPORT(bfloat16, bfloat16)
