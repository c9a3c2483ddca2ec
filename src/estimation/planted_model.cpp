#include "thalweg/estimation/planted_model.hpp"

namespace thalweg::estimation {

double overlap_squared(MatrixView truth, MatrixView found) {
  return (truth.transpose() * found).squaredNorm() / static_cast<double>(truth.cols());
}

}  // namespace thalweg::estimation
