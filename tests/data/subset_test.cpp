#include "data/subset.hpp"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "data/data_files.hpp"

namespace thalweg::data {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using Rows = std::vector<std::int64_t>;

/// Inputs are the row numbers.
Dataset labelled(const Rows& labels, std::int64_t classes) {
  Dataset all;
  all.name = "own";
  all.inputs = NdArray(DType::kFloat32, {static_cast<std::int64_t>(labels.size()), 1});
  const auto inputs = all.inputs.as<float>();
  std::iota(inputs.begin(), inputs.end(), 0.0F);
  all.labels = NdArray::of(std::span<const std::int64_t>(labels), {all.size()});
  all.classes = classes;
  return all;
}

Dataset with_targets(std::int64_t rows) {
  Dataset all;
  all.name = "own";
  all.inputs = NdArray(DType::kFloat32, {rows, 1});
  all.targets = NdArray(DType::kFloat64, {rows, 1});
  return all;
}

/// Class i of `classes` has the rows congruent to i.
Dataset interleaved(std::int64_t rows, std::int64_t classes) {
  Rows labels(static_cast<std::size_t>(rows));
  for (std::size_t row = 0; row < labels.size(); ++row)
    labels[row] = static_cast<std::int64_t>(row) % classes;
  return labelled(labels, classes);
}

Rows count_by_class(const Dataset& all, const Rows& rows) {
  Rows counts(static_cast<std::size_t>(all.classes));
  for (const auto row : rows)
    ++counts[static_cast<std::size_t>(
        all.labels.as<std::int64_t>()[static_cast<std::size_t>(row)])];
  return counts;
}

TEST(Subset, TakesTheFirstOfEachClassClassByClass) {
  const Dataset all = labelled({2, 0, 1, 0, 2, 1, 0, 1}, 3);
  EXPECT_THAT(selected_rows(all, {.examples = 6}), ElementsAre(1, 3, 2, 5, 0, 4));
}

TEST(Subset, GivesTheRestOfAnUnevenDivisionToEarlierClasses) {
  const Dataset all = labelled({2, 0, 1, 0, 2, 1, 0, 1}, 3);
  EXPECT_THAT(selected_rows(all, {.examples = 8}), ElementsAre(1, 3, 6, 2, 5, 7, 0, 4));
  EXPECT_THAT(selected_rows(all, {.examples = 2}), ElementsAre(1, 2));
}

TEST(Subset, KeepsTheClassesBelowANumber) {
  const Dataset all = labelled({2, 0, 1, 0, 2, 1, 0, 1}, 3);
  const DatasetOptions options{.examples = 4, .classes = 2};
  EXPECT_THAT(selected_rows(all, options), ElementsAre(1, 3, 2, 5));
  const Dataset kept = take_rows(all, selected_rows(all, options), options.classes);
  EXPECT_EQ(kept.classes, 2);
  EXPECT_THAT(kept.labels.as<std::int64_t>(), ElementsAre(0, 0, 1, 1));
  EXPECT_THAT(kept.inputs.as<float>(), ElementsAre(1, 3, 2, 5));
  EXPECT_THAT(kept.rows, ElementsAre(1, 3, 2, 5));
}

TEST(Subset, KeepsAllInTheOrderOfTheSource) {
  const Dataset all = labelled({2, 0, 1, 0}, 3);
  for (const auto subset : {Subset::kFirst, Subset::kBalanced, Subset::kRandom}) {
    EXPECT_THAT(selected_rows(all, {.examples = 0, .subset = subset}), ElementsAre(0, 1, 2, 3));
    EXPECT_THAT(selected_rows(all, {.examples = 0, .classes = 2, .subset = subset}),
                ElementsAre(1, 2, 3));
  }
}

TEST(Subset, GivesNoShareToClassesWithoutExamples) {
  const Dataset all = labelled({0, 3, 0, 3}, 4);
  EXPECT_THAT(selected_rows(all, {.examples = 3}), ElementsAre(0, 2, 1));
}

TEST(Subset, BalancesAtRandom) {
  const Dataset all = interleaved(300, 3);
  const DatasetOptions options{.examples = 31, .subset = Subset::kBalanced, .key = Key{5}};
  const Rows rows = selected_rows(all, options);
  EXPECT_THAT(count_by_class(all, rows), ElementsAre(11, 10, 10));
  EXPECT_TRUE(std::is_sorted(rows.begin(), rows.end()));
  EXPECT_THAT(std::set(rows.begin(), rows.end()), SizeIs(31));
  EXPECT_EQ(selected_rows(all, options), rows);
  auto another = options;
  another.key = Key{6};
  EXPECT_NE(selected_rows(all, another), rows);
}

TEST(Subset, BalancedClassesAreDrawnIndependently) {
  // Were all classes drawn with one stream, each would keep the same positions.
  const Dataset all = interleaved(300, 3);
  const Rows rows =
      selected_rows(all, {.examples = 30, .subset = Subset::kBalanced, .key = Key{5}});
  std::set<std::int64_t> positions;
  for (const auto row : rows) positions.insert(row / 3);
  EXPECT_GT(positions.size(), 10U);
}

TEST(Subset, RandomRowsAreUniform) {
  // Each row is kept with probability 1/4; over 4000 draws of 2 of 8 the count has standard
  // deviation sqrt(4000 * 3/16) = 27.4. Five of them: a false alarm in 200000 (8 rows).
  const Dataset all = interleaved(8, 2);
  Rows hits(8);
  for (std::uint64_t draw = 0; draw < 4000; ++draw)
    for (const auto row :
         selected_rows(all, {.examples = 2, .subset = Subset::kRandom, .key = Key{draw}}))
      ++hits[static_cast<std::size_t>(row)];
  for (const auto hit : hits) EXPECT_NEAR(static_cast<double>(hit), 1000, 5 * 27.4);
}

TEST(Subset, RandomRowsStayWithinTheKeptClasses) {
  const Dataset all = interleaved(300, 3);
  const Rows rows =
      selected_rows(all, {.examples = 200, .classes = 2, .subset = Subset::kRandom, .key = Key{5}});
  EXPECT_THAT(count_by_class(all, rows), ElementsAre(100, 100, 0));
  EXPECT_TRUE(std::is_sorted(rows.begin(), rows.end()));
}

TEST(Subset, TakesAllWhereFewerWillDo) {
  const Dataset all = labelled({0, 0, 0, 0, 1}, 2);
  EXPECT_THAT(selected_rows(all, {.examples = 6, .all_if_fewer = true}),
              ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(selected_rows(all, {.examples = 2, .all_if_fewer = true}), SizeIs(2));
}

TEST(Subset, SaysHowManyExamplesThereAre) {
  const Dataset all = labelled({0, 0, 0, 0, 1}, 2);
  expect_bad_input([&] { selected_rows(all, {.examples = 6}); },
                   {"own", "6 examples are wanted and 5 are there", "--examples 0"});
  for (const auto subset : {Subset::kFirst, Subset::kBalanced})
    expect_bad_input([&] { selected_rows(all, {.examples = 4, .subset = subset}); },
                     {"class 1 has 1 examples", "is 2", "--subset random"});
  EXPECT_THAT(selected_rows(all, {.examples = 4, .subset = Subset::kRandom}), SizeIs(4));
}

TEST(Subset, RefusesClassesThatAreNotThere) {
  EXPECT_THROW(selected_rows(interleaved(9, 3), {.examples = 4, .classes = 4}), InvalidArgument);
  expect_bad_input(
      [] {
        selected_rows(labelled({2, 3, 3}, 4), {.examples = 0, .classes = 2});
      },
      {"none of the classes below 2"});
}

TEST(Subset, TakesFirstOrRandomRowsOfRealTargets) {
  const Dataset all = with_targets(50);
  EXPECT_THAT(selected_rows(all, {.examples = 3}), ElementsAre(0, 1, 2));
  EXPECT_THAT(selected_rows(all, {.examples = 0}), SizeIs(50));
  const Rows drawn = selected_rows(all, {.examples = 20, .subset = Subset::kRandom});
  EXPECT_TRUE(std::is_sorted(drawn.begin(), drawn.end()));
  EXPECT_THAT(std::set(drawn.begin(), drawn.end()), SizeIs(20));
  const Dataset kept = take_rows(all, drawn, 0);
  EXPECT_EQ(kept.targets.shape()[0], 20);
  EXPECT_FALSE(kept.has_labels());
  EXPECT_THAT(kept.class_names, IsEmpty());
}

TEST(Subset, TakesSequencesAsTheyCome) {
  Dataset all = labelled({0, 1, 1, 0, 1, 1}, 2);
  all.inputs = NdArray(DType::kInt64, {3, 2});
  all.labels = NdArray::of(std::as_const(all.labels).as<std::int64_t>(), {3, 2});
  all.vocabulary = 5;
  EXPECT_THAT(selected_rows(all, {.examples = 2}), ElementsAre(0, 1));
  EXPECT_EQ(take_rows(all, {0, 2}, 0).vocabulary, 5);
  EXPECT_THROW(selected_rows(all, {.examples = 2, .classes = 2}), InvalidArgument);
  EXPECT_THROW(selected_rows(all, {.examples = 2, .subset = Subset::kBalanced}), InvalidArgument);
}

TEST(Subset, RefusesWhatRealTargetsCannotHave) {
  const Dataset all = with_targets(50);
  EXPECT_THROW(selected_rows(all, {.examples = 10, .classes = 2}), InvalidArgument);
  EXPECT_THROW(selected_rows(all, {.examples = 10, .subset = Subset::kBalanced}), InvalidArgument);
  EXPECT_THROW(selected_rows(all, {.examples = 51}), BadInput);
}

}  // namespace
}  // namespace thalweg::data
