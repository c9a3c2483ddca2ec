#include "thalweg/objective/memory_meter.hpp"

#include <algorithm>
#include <atomic>
#include <memory>

#include "derivatives.hpp"
#include <ATen/ATen.h>
#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>
#include <fmt/format.h>
#include <torch/version.h>

#include "thalweg/base/error.hpp"
#include "thalweg/base/system.hpp"

namespace thalweg::objective {
namespace {

// The type of the allocator's totals changed between libtorch 1.13 and 2.
#if TORCH_VERSION_MAJOR >= 2
using Total = std::size_t;
#else
using Total = std::int64_t;
#endif

class Meter final : public c10::MemoryReportingInfoBase {
 public:
  void reportMemoryUsage(void*, std::int64_t size, Total, Total, c10::Device) override {
    const std::int64_t now = current_ += size;
    peak_ = std::max(peak_.load(), now);
  }
  bool memoryProfilingEnabled() const override { return true; }
  std::int64_t peak() const { return peak_; }

 private:
  std::atomic<std::int64_t> current_ = 0;
  std::atomic<std::int64_t> peak_ = 0;
};

/// Bytes of a Hessian product over the first `examples` examples.
std::int64_t product_bytes(const BatchLoss& loss,
                           const at::Tensor& weights,
                           std::int64_t examples) {
  return peak_tensor_bytes([&] {
    const at::AutoGradMode enable(true);
    const Derivatives derivatives(loss, weights, 0, examples, /*differentiable=*/true);
    derivatives.hessian_times(at::ones_like(weights), at::zeros_like(weights));
  });
}

}  // namespace

std::int64_t peak_tensor_bytes(const std::function<void()>& work) {
  const auto meter = std::make_shared<Meter>();
  const c10::DebugInfoGuard guard(c10::DebugInfoKind::PROFILER_STATE, meter);
  work();
  return meter->peak();
}

std::int64_t micro_batch_within(const BatchLoss& loss,
                                const at::Tensor& weights,
                                std::int64_t bytes) {
  const std::int64_t examples = loss.examples();
  const std::int64_t few = std::min<std::int64_t>(examples, 8),
                     more = std::min<std::int64_t>(examples, 16);
  const std::int64_t small = product_bytes(loss, weights, few),
                     large = product_bytes(loss, weights, more);
  const double per_example =
      more > few ? static_cast<double>(large - small) / static_cast<double>(more - few) : 0;
  const double fixed = static_cast<double>(small) - per_example * static_cast<double>(few);
  const double one = fixed + per_example;
  if (static_cast<double>(bytes) < one) {
    throw InvalidArgument(
        "--memory",
        fmt::format("{} is too little: this model needs at least {} for one example.",
                    size_text(static_cast<double>(bytes)),
                    size_text(one)));
  }
  if (per_example <= 0) return examples;
  std::int64_t batch = std::clamp<std::int64_t>(
      static_cast<std::int64_t>((static_cast<double>(bytes) - fixed) / per_example), 1, examples);
  // Operators change their scratch with the size of the batch: try what was extrapolated, and
  // shrink until it fits.
  while (batch > 1) {
    const double used =
        static_cast<double>(product_bytes(loss, weights, batch)) / static_cast<double>(bytes);
    if (used <= 1) break;
    batch = std::max<std::int64_t>(
        1, static_cast<std::int64_t>(0.95 * static_cast<double>(batch) / used));
  }
  return batch;
}

}  // namespace thalweg::objective
