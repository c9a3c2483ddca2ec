#include "thalweg/estimation/planted_model.hpp"

#include <cmath>
#include <functional>

#include <gmock/gmock.h>

#include "support/message_of.hpp"
#include "thalweg/base/error.hpp"

namespace thalweg::estimation {
namespace {

using ::testing::HasSubstr;
using thalweg::testing::message_of;

/// f(z) = z1 - z2^2 ... whatever a test needs, in `count` variables.
class TestLink : public LinkFunction {
 public:
  TestLink(int count, std::function<double(const double*)> f) : count_(count), f_(std::move(f)) {}
  int variables() const override { return count_; }
  std::string text() const override { return "test"; }
  void evaluate(std::span<const double> z, std::span<double> y) const override {
    for (std::size_t i = 0; i < y.size(); ++i) y[i] = f_(&z[i * static_cast<std::size_t>(count_)]);
  }

 private:
  int count_;
  std::function<double(const double*)> f_;
};

std::shared_ptr<const LinkFunction> sum_link(int count) {
  return std::make_shared<TestLink>(count, [count](const double* z) {
    double sum = 0;
    for (int j = 0; j < count; ++j) sum += (j + 1) * z[j];
    return sum;
  });
}

struct Rows {
  Matrix x;
  Vector y;
};

Rows read(const PlantedModel& model, std::int64_t first, Eigen::Index count) {
  Rows rows{.x = Matrix(count, model.dimension()), .y = Vector(count)};
  model.read(first, rows.x, rows.y);
  return rows;
}

TEST(Noise, ReadsItsThreeForms) {
  EXPECT_EQ(Noise::parse("none").kind, Noise::Kind::kNone);
  const auto gaussian = Noise::parse("gaussian:0.5");
  EXPECT_EQ(gaussian.kind, Noise::Kind::kGaussian);
  EXPECT_EQ(gaussian.level, 0.5);
  const auto flip = Noise::parse("flip:.1");
  EXPECT_EQ(flip.kind, Noise::Kind::kFlip);
  EXPECT_EQ(flip.level, 0.1);
}

TEST(Noise, RefusesEverythingElse) {
  for (const char* text : {"",
                           "gauss:1",
                           "gaussian",
                           "gaussian:",
                           "gaussian:x",
                           "gaussian:1x",
                           "gaussian:-1",
                           "gaussian:nan",
                           "gaussian:inf",
                           "flip:1.5",
                           "flip:-.1"}) {
    EXPECT_THAT(message_of<InvalidArgument>([&] { Noise::parse(text); }),
                HasSubstr("gaussian:LEVEL"))
        << text;
  }
}

TEST(PlantedModel, HasOrthonormalDirections) {
  const PlantedModel model(sum_link(3), {}, 7, 10, Key{1});
  const Matrix gram = model.directions().transpose() * model.directions();
  EXPECT_LT((gram - Matrix::Identity(3, 3)).cwiseAbs().maxCoeff(), 1e-14);
}

TEST(PlantedModel, RowIsAPureFunctionOfKeyAndRow) {
  const PlantedModel model(sum_link(2), Noise::parse("gaussian:0.3"), 5, 100, Key{2});
  const PlantedModel larger(sum_link(2), Noise::parse("gaussian:0.3"), 5, 1000, Key{2});
  const Rows all = read(model, 0, 100);
  for (const std::int64_t first : {0, 1, 7, 63}) {
    const Rows part = read(larger, first, 37);
    EXPECT_EQ(part.x, all.x.middleRows(first, 37));
    EXPECT_EQ(part.y, all.y.segment(first, 37));
  }
}

TEST(PlantedModel, ResponseIsTheLinkOfTheHiddenCoordinates) {
  const PlantedModel model(sum_link(2), {}, 6, 50, Key{3});
  const Rows rows = read(model, 0, 50);
  const Vector expected = rows.x * model.directions() * Eigen::Vector2d(1, 2);
  EXPECT_LT((rows.y - expected).cwiseAbs().maxCoeff(), 1e-13);
}

// n = 20000 rows, bounds of 5 standard errors: a false alarm in one of a million keys a check.
TEST(PlantedModel, NoiseHasItsLevel) {
  const Eigen::Index n = 20000;
  const double error = 5 / std::sqrt(static_cast<double>(n));
  const auto zero = std::make_shared<TestLink>(1, [](const double*) { return 0.0; });
  const auto one = std::make_shared<TestLink>(1, [](const double*) { return 1.0; });
  const Rows gaussian = read(PlantedModel(zero, Noise::parse("gaussian:2"), 2, n, Key{4}), 0, n);
  EXPECT_NEAR(gaussian.y.mean(), 0, 2 * error);
  EXPECT_NEAR(gaussian.y.squaredNorm() / static_cast<double>(n), 4, 4 * std::sqrt(2.0) * error);
  const Rows flipped = read(PlantedModel(one, Noise::parse("flip:0.25"), 2, n, Key{5}), 0, n);
  EXPECT_NEAR(flipped.y.mean(), 1 - 2 * 0.25, 2 * std::sqrt(0.25 * 0.75) * error);
}

// A uniform direction in R^2 has the angle of a point on the circle: E cos^2 = 1/2, E cos^4 = 3/8.
TEST(PlantedModel, DirectionsAreUniform) {
  const int draws = 4000;
  double second = 0, fourth = 0, product = 0;
  for (int i = 0; i < draws; ++i) {
    const PlantedModel model(sum_link(1), {}, 2, 1, Key{6}.with(static_cast<std::uint64_t>(i)));
    const double c = model.directions()(0, 0), s = model.directions()(1, 0);
    second += c * c / draws;
    fourth += c * c * c * c / draws;
    product += c * s / draws;
  }
  const double error = 5 / std::sqrt(static_cast<double>(draws));
  EXPECT_NEAR(second, 0.5, error * std::sqrt(1.0 / 8));
  EXPECT_NEAR(fourth, 0.375, error * std::sqrt(35.0 / 128 - 9.0 / 64));
  EXPECT_NEAR(product, 0, error * std::sqrt(1.0 / 8));
}

TEST(PlantedModel, RefusesWhatItCannotPlant) {
  EXPECT_THAT(message_of<InvalidArgument>([] { PlantedModel(sum_link(3), {}, 2, 5, Key{}); }),
              HasSubstr("3 variables"));
  EXPECT_THAT(message_of<InvalidArgument>([] { PlantedModel(sum_link(1), {}, 2, 0, Key{}); }),
              HasSubstr("a row or more"));
  const PlantedModel model(sum_link(1), {}, 2, 5, Key{});
  EXPECT_THAT(message_of<InvalidArgument>([&] { read(model, 3, 3); }), HasSubstr("rows 3 to 6"));
}

TEST(OverlapSquared, IsTheSquaredCosineOfOneDirection) {
  const Matrix truth = Eigen::Vector3d(1, 0, 0), found = Eigen::Vector3d(0.6, 0, -0.8);
  EXPECT_NEAR(overlap_squared(truth, found), 0.36, 1e-15);
  EXPECT_EQ(overlap_squared(truth, Matrix(3, 0)), 0.0);
}

}  // namespace
}  // namespace thalweg::estimation
