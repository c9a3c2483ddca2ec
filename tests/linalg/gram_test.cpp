#include "thalweg/linalg/gram.hpp"

#include <span>
#include <vector>

#include <gtest/gtest.h>

#include "support/message_of.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/base/random.hpp"
#include "thalweg/linalg/product.hpp"

namespace thalweg::linalg {
namespace {

Matrix normal_matrix(Eigen::Index rows, Eigen::Index columns, Key key) {
  Matrix x(rows, columns);
  fill_normal(std::span<double>(x.data(), static_cast<std::size_t>(x.size())), key);
  return x;
}

// n eps |t| |x|^2 bounds the rounding of a sum of n products of unit size.
double rounding(Eigen::Index n) { return 1e-15 * static_cast<double>(n + 10); }

// Around a block of 256 rows; weights of both signs and zero.
TEST(Gram, IsTheWeightedSumOfSquares) {
  for (const Eigen::Index n : {1, 3, 255, 256, 257, 600}) {
    const Matrix x = normal_matrix(n, 7, Key{61});
    std::vector<double> t(static_cast<std::size_t>(n));
    fill_normal(std::span<double>(t), Key{62});
    t[0] = 0;
    const Eigen::Map<const Vector> weights(t.data(), n);
    const Matrix weighted = gram(x, t), plain = gram(x);
    EXPECT_LE((weighted - x.transpose() * weights.asDiagonal() * x).cwiseAbs().maxCoeff(),
              10 * rounding(n));
    EXPECT_LE((plain - x.transpose() * x).cwiseAbs().maxCoeff(), 10 * rounding(n));
    const std::vector<double> same(t.size(), -0.3);
    EXPECT_LE((gram(x, same) + 0.3 * plain).cwiseAbs().maxCoeff(), 10 * rounding(n));
    EXPECT_EQ(weighted, weighted.transpose());
    EXPECT_EQ(plain, plain.transpose());
  }
}

TEST(Gram, TakesRowsOfAWiderTable) {
  const Matrix table = normal_matrix(20, 9, Key{63});
  const Matrix part = table.block(3, 2, 11, 4);
  EXPECT_LE((gram(table.block(3, 2, 11, 4)) - gram(part)).cwiseAbs().maxCoeff(), 1e-14);
}

TEST(Gram, NamesMissingWeights) {
  EXPECT_EQ(testing::message_of<InvalidArgument>(
                [] { gram(Matrix::Zero(3, 2), std::vector<double>{1}); }),
            "[linalg::gram] needs a weight for each of the 3 rows; got 1.");
}

TEST(AddProduct, TakesEveryForm) {
  const Matrix a = normal_matrix(4, 6, Key{64}), b = normal_matrix(6, 3, Key{65});
  const Matrix at = a.transpose(), bt = b.transpose();
  const Matrix start = normal_matrix(4, 3, Key{66});
  const Matrix expected = start + 0.5 * a * b;
  for (const Form fa : {Form::kPlain, Form::kTransposed}) {
    for (const Form fb : {Form::kPlain, Form::kTransposed}) {
      Matrix c = start;
      add_product(0.5, fa == Form::kPlain ? a : at, fa, fb == Form::kPlain ? b : bt, fb, c);
      EXPECT_LE((c - expected).cwiseAbs().maxCoeff(), 1e-14);
    }
    Vector y = start.col(1);
    add_product(0.5, fa == Form::kPlain ? a : at, fa, Vector(b.col(1)), y);
    EXPECT_LE((y - expected.col(1)).cwiseAbs().maxCoeff(), 1e-14);
  }
}

TEST(AddProduct, WritesIntoAPartOfAMatrix) {
  Matrix c = Matrix::Zero(5, 5);
  const Matrix a = normal_matrix(2, 3, Key{67}), b = normal_matrix(3, 2, Key{68});
  add_product(1, a, Form::kPlain, b, Form::kPlain, c.block(1, 2, 2, 2));
  EXPECT_LE((c.block(1, 2, 2, 2) - a * b).cwiseAbs().maxCoeff(), 1e-15);
  EXPECT_NEAR(c.norm(), (a * b).norm(), 1e-15);
}

TEST(AddProduct, NamesShapesThatDoNotFit) {
  Matrix c(2, 2);
  EXPECT_EQ(testing::message_of<InvalidArgument>([&] {
              add_product(1, Matrix::Zero(2, 3), Form::kPlain, Matrix::Zero(2, 2), Form::kPlain, c);
            }),
            "[linalg::add_product] cannot add the product of (2, 3) and (2, 2) to (2, 2).");
}

}  // namespace
}  // namespace thalweg::linalg
