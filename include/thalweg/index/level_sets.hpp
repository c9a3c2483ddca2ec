#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "thalweg/estimation/link_function.hpp"
#include "thalweg/hermite/breakpoints.hpp"

namespace thalweg::index {

/// A piece of the line on which a link is continuous and strictly monotone.
struct Branch {
  double from, to;
  double value_from, value_to;  ///< the limits of f at its ends, from inside
  double blur_from, blur_to;    ///< how exactly these are known
};

/// A level that a link takes on whole intervals: the response then says no more than that z lies
/// there.
struct Atom {
  double value;
  double probability;
  std::vector<hermite::Interval> where;  ///< ascending; +-12 stands for infinity
  bool sharp;  ///< an interval ends at breaks; otherwise rounding may have made the atom
};

/// The points where a link takes each of n levels.
struct Preimages {
  std::vector<std::size_t> first;  ///< (n + 1) those of level i are first[i] ... first[i+1] - 1
  std::vector<double> z;
  std::vector<double> weight;    ///< phi(z) / |f'(z)|: the density of the level at z
  std::vector<double> rounding;  ///< relative error of the weight, from rounding of f
};

/// A link y = f(z) taken apart into branches and atoms, on [-12, 12].
///
/// Critical points are sign changes of f on a grid of step 1e-4, located to sqrt(rounding);
/// branches end there and at jumps and kinks. A link is constant on an interval if it varies by
/// rounding over three cells or more. What a link does within 2e-4 may be missed.
///
/// For even links, found by comparing f(z) with f(-z) on the grid, everything here is about z > 0,
/// probabilities apart: the other half is its mirror image.
/// Cost: 3.5e5 evaluations, about 10 more for each preimage.
class LevelSets {
 public:
  /// @param link  in one variable   @param breakpoints  jumps and kinks, beside those it knows and
  /// those that are found
  /// @throws InvalidArgument  a link that is infinite or undefined on an interval (and which), is
  /// constant, or oscillates faster than the grid can follow
  explicit LevelSets(std::shared_ptr<const estimation::LinkFunction> link,
                     std::span<const double> breakpoints = {});
  ~LevelSets();
  LevelSets(LevelSets&&) noexcept;
  LevelSets& operator=(LevelSets&&) noexcept;

  bool even() const { return even_; }
  const std::vector<Branch>& branches() const { return branches_; }  ///< ascending
  const std::vector<Atom>& atoms() const { return atoms_; }          ///< ascending in value

  /// Preimages on the branches. Thread-safe.
  Preimages preimages(std::span<const double> levels) const;

  /// f at points inside branches. Thread-safe.
  void evaluate(std::span<const double> z, std::span<double> y) const { link_->evaluate(z, y); }

 private:
  struct Grid;  ///< the values of f along a branch, and where it may be differentiated
  friend class LevelSetBuilder;

  std::shared_ptr<const estimation::LinkFunction> link_;
  bool even_ = false;
  std::vector<Branch> branches_;
  std::vector<Grid> grids_;  ///< one a branch
  std::vector<Atom> atoms_;
};

}  // namespace thalweg::index
