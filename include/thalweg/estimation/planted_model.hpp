#pragma once

#include <cstdint>
#include <memory>

#include "thalweg/base/random.hpp"
#include "thalweg/estimation/link_function.hpp"
#include "thalweg/estimation/sample_source.hpp"
#include "thalweg/linalg/matrix.hpp"

namespace thalweg::estimation {

/// Noise on the response: y = f(z) + level * g with a standard normal g, or the sign of y flipped
/// with probability `level`.
struct Noise {
  enum class Kind { kNone, kGaussian, kFlip };
  Kind kind = Kind::kNone;
  double level = 0;

  /// "none", "gaussian:0.5", "flip:0.1". @throws InvalidArgument  with the forms that are
  /// understood
  static Noise parse(const std::string& text);
};

/// A Gaussian index model: x ~ N(0, I_d), y = f(W^T x) with noise, W (d, r) orthonormal and
/// uniform.
///
/// Everything is a pure function of (key, row): samples of two sizes share their first rows. The
/// numbers come from fill_gaussian: float32 in double storage, below 6.77 in modulus.
class PlantedModel : public SampleSource {
 public:
  PlantedModel(std::shared_ptr<const LinkFunction> link,
               Noise noise,
               int dimension,
               std::int64_t rows,
               Key key);

  int dimension() const override;
  std::int64_t rows() const override;
  void read(std::int64_t first, Eigen::Ref<Matrix> x, Eigen::Ref<Vector> y) const override;

  const LinkFunction& link() const { return *link_; }
  const Matrix& directions() const { return directions_; }  ///< W (d, r)

 private:
  std::shared_ptr<const LinkFunction> link_;
  Noise noise_;
  std::int64_t rows_;
  Key key_;
  Matrix directions_;
};

/// tr(P P^) / r in [0, 1]: for one direction the squared cosine.
/// @param truth  (d, r) orthonormal   @param found  (d, s) orthonormal, s of any size
double overlap_squared(MatrixView truth, MatrixView found);

}  // namespace thalweg::estimation
