#include "thalweg/run/recorder.hpp"

#include <cmath>
#include <limits>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/message_of.hpp"
#include "support/temporary_folder.hpp"
#include "support/text_files.hpp"
#include "thalweg/base/error.hpp"

namespace thalweg::run {
namespace {

namespace fs = std::filesystem;

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::message_of;
using ::testing::NanSensitiveDoubleEq;
using ::testing::Pointwise;
using testing::read_text;
using ::testing::SizeIs;
using testing::TemporaryFolder;
using testing::write_text;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

auto values_are(std::vector<double> expected) {
  return Pointwise(::testing::NanSensitiveDoubleEq(), std::move(expected));
}

class RecorderTest : public ::testing::Test {
 protected:
  fs::path file() const { return folder_.path() / "metrics.h5"; }

  TemporaryFolder folder_;
  Recorder recorder_{file()};
};

TEST_F(RecorderTest, RowsBetweenAreNan) {
  recorder_.declare("central/loss", "nats", "training loss");
  recorder_.record("central/loss", 1, 0.5);
  recorder_.record("central/loss", 3, 0.25);
  recorder_.record("central/loss", 0, 1.0);
  const Series& loss = *recorder_.find("central/loss");
  EXPECT_EQ(loss.rows, 4);
  EXPECT_EQ(loss.columns, 1);
  EXPECT_THAT(loss.values, values_are({1.0, 0.5, kNan, 0.25}));
}

TEST_F(RecorderTest, MatricesGrowInBothDirections) {
  recorder_.declare("central/eigenvalues", "1", "leading eigenvalues", true);
  recorder_.record("central/eigenvalues", 1, std::vector<double>{2, 1});
  recorder_.record("central/eigenvalues", 2, std::vector<double>{4, 3, 2});
  recorder_.record("central/eigenvalues", 3, std::vector<double>{5});
  recorder_.record("central/eigenvalues", 2, std::vector<double>{7});
  const Series& series = *recorder_.find("central/eigenvalues");
  EXPECT_EQ(series.rows, 4);
  EXPECT_EQ(series.columns, 3);
  EXPECT_THAT(series.values,
              values_are({kNan, kNan, kNan, 2, 1, kNan, 7, kNan, kNan, 5, kNan, kNan}));
  EXPECT_EQ(series.at(1, 1), 1);
}

TEST_F(RecorderTest, MayBeDeclaredTwiceWithTheSameWords) {
  recorder_.declare("a/loss", "nats", "training loss");
  recorder_.record("a/loss", 0, 1.0);
  recorder_.declare("a/loss", "nats", "training loss");
  EXPECT_EQ(recorder_.find("a/loss")->rows, 1);
  EXPECT_THROW(recorder_.declare("a/loss", "bits", "training loss"), InvalidArgument);
  EXPECT_THROW(recorder_.declare("a/loss", "nats", "test loss"), InvalidArgument);
  EXPECT_THROW(recorder_.declare("a/loss", "nats", "training loss", true), InvalidArgument);
}

TEST_F(RecorderTest, RefusesPathsThatNoFileCanHold) {
  recorder_.declare("a/loss", "1", "");
  for (const std::string path : {"", "/", "/a", "a/", "a//b", "a/./b", "a/..", "a/loss/x", "a"}) {
    EXPECT_THROW(recorder_.declare(path, "1", ""), InvalidArgument) << path;
  }
  EXPECT_THROW(recorder_.declare(std::string("a\0b", 3), "1", ""), InvalidArgument);
  EXPECT_THROW(recorder_.declare("b", "1", std::string(100000, 'x')), InvalidArgument);
  EXPECT_NO_THROW(recorder_.declare("a/losses", "1", ""));
  EXPECT_NO_THROW(recorder_.declare("a-", "1", ""));
}

TEST_F(RecorderTest, RefusesWhatWasNotDeclared) {
  recorder_.declare("a/loss", "nats", "");
  recorder_.declare("a/matrix", "1", "", true);
  EXPECT_THAT(message_of<InvalidArgument>([&] { recorder_.record("a/los", 0, 1.0); }),
              HasSubstr("Did you mean 'a/loss'?"));
  EXPECT_THROW(recorder_.record("a/loss", -1, 1.0), InvalidArgument);
  EXPECT_THROW(recorder_.record("a/loss", 0, std::vector<double>{1.0}), InvalidArgument);
  EXPECT_THROW(recorder_.record("a/matrix", 0, 1.0), InvalidArgument);
}

/// Series of every kind: plain and compressed, nested, empty, with values that text would lose.
void fill(Recorder& recorder) {
  recorder.declare("loss", "nats", "a series without a process");
  recorder.record("loss", 0, 1.0);
  recorder.declare("central/opt.lr", "", "effective step; Größe in Ω");
  for (int t = 0; t < 5; ++t) recorder.record("central/opt.lr", t, 0.1 * t);
  recorder.record("central/opt.lr", 6, HUGE_VAL);
  recorder.record("central/opt.lr", 7, 5e-324);
  recorder.declare("central/eig_logs/n_iter", "1", "", true);
  for (int t = 0; t < 10000; ++t) {
    recorder.record("central/eig_logs/n_iter", t, std::vector<double>{std::sin(t), 1.0 * t});
  }
  recorder.declare("distances/central-midpoint", "1", "long enough to be compressed");
  for (int t = 0; t < 40000; ++t) recorder.record("distances/central-midpoint", t, std::sqrt(t));
  recorder.declare("empty/series", "1", "");
  recorder.declare("empty/matrix", "1", "", true);
  recorder.declare("empty/rows", "1", "", true);
  recorder.record("empty/rows", 2, std::vector<double>{});
}

void expect_equal(const Series& a, const Series& b) {
  EXPECT_EQ(a.unit, b.unit);
  EXPECT_EQ(a.description, b.description);
  EXPECT_EQ(a.matrix, b.matrix);
  EXPECT_EQ(a.rows, b.rows);
  EXPECT_EQ(a.columns, b.columns);
  EXPECT_THAT(a.values, Pointwise(NanSensitiveDoubleEq(), b.values));
}

TEST_F(RecorderTest, SnapshotsRoundTrip) {
  fill(recorder_);
  recorder_.write_snapshot();
  const auto found = read_metrics(file());
  ASSERT_THAT(found, SizeIs(recorder_.series().size()));
  for (const auto& [path, series] : recorder_.series()) {
    SCOPED_TRACE(path);
    expect_equal(found.at(path), series);
  }
}

TEST_F(RecorderTest, EqualSeriesGiveEqualFiles) {
  fill(recorder_);
  recorder_.write_snapshot();
  const std::string first = read_text(file());
  recorder_.write_snapshot();
  EXPECT_EQ(read_text(file()), first);
}

TEST_F(RecorderTest, AnEmptyRecorderHasAFile) {
  recorder_.write_snapshot();
  EXPECT_THAT(read_metrics(file()), SizeIs(0));
}

TEST_F(RecorderTest, ResumesAtARow) {
  fill(recorder_);
  recorder_.write_snapshot();
  Recorder resumed(file());
  resumed.declare("loss", "nats", "a series without a process");
  resumed.resume(6);
  EXPECT_THAT(resumed.find("central/opt.lr")->values,
              values_are({0.0, 0.1, 0.2, 0.1 * 3, 0.4, kNan}));
  EXPECT_EQ(resumed.find("central/eig_logs/n_iter")->values.size(), 12);
  EXPECT_EQ(resumed.find("loss")->rows, 1);

  for (const auto& [path, series] : recorder_.series()) {
    for (std::int64_t row = 6; row < series.rows; ++row) {
      const auto values = std::span(series.values).subspan(row * series.columns, series.columns);
      if (series.matrix) resumed.record(path, row, values);
      if (!series.matrix) resumed.record(path, row, values[0]);
    }
  }
  for (const auto& [path, series] : recorder_.series()) {
    SCOPED_TRACE(path);
    expect_equal(*resumed.find(path), series);
  }
}

TEST_F(RecorderTest, ResumingRefusesOtherWords) {
  fill(recorder_);
  recorder_.write_snapshot();
  Recorder other(file());
  other.declare("loss", "bits", "a series without a process");
  EXPECT_THAT(message_of<BadInput>([&] { other.resume(1); }), HasSubstr("'loss'"));
  EXPECT_THROW(recorder_.resume(-1), InvalidArgument);
  EXPECT_THROW(Recorder(folder_.path() / "missing.h5").resume(1), BadInput);
}

TEST_F(RecorderTest, ResumingCleansWhatAKilledProcessLeft) {
  recorder_.write_snapshot();
  write_text(folder_.path() / ".metrics.h5.tmp-4242", "half");
  write_text(folder_.path() / ".other.tmp-4242", "not ours");
  recorder_.resume(0);
  EXPECT_FALSE(fs::exists(folder_.path() / ".metrics.h5.tmp-4242"));
  EXPECT_TRUE(fs::exists(folder_.path() / ".other.tmp-4242"));
}

TEST_F(RecorderTest, WritesWhenDue) {
  recorder_.declare("loss", "nats", "");
  EXPECT_FALSE(recorder_.write_snapshot_if_due());
  std::this_thread::sleep_for(std::chrono::milliseconds(1050));
  EXPECT_TRUE(recorder_.write_snapshot_if_due());
  EXPECT_FALSE(recorder_.write_snapshot_if_due());
}

// Twenty writes in a row take far more than 5% of the time, so the next one must wait although the
// last is more than a second old.
TEST_F(RecorderTest, WaitsWhereWritingIsALargeShareOfTheTime) {
  fill(recorder_);
  const auto begin = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - begin < std::chrono::milliseconds(1500)) {
    recorder_.write_snapshot();
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(1050));
  EXPECT_FALSE(recorder_.write_snapshot_if_due());
}

TEST_F(RecorderTest, AFailedWriteKeepsTheOldSnapshot) {
  recorder_.declare("loss", "nats", "");
  recorder_.write_snapshot();
  const std::string old = read_text(file());
  recorder_.record("loss", 0, 1.0);
  // Nobody, root included, can create a file in a folder that is gone.
  fs::rename(folder_.path(), folder_.path().string() + "-moved");
  EXPECT_THROW(recorder_.write_snapshot(), RunFailed);
  fs::rename(folder_.path().string() + "-moved", folder_.path());
  EXPECT_EQ(read_text(file()), old);
}

TEST_F(RecorderTest, ExportsOneCsvAProcess) {
  recorder_.declare("central/loss", "nats", "");
  recorder_.declare("central/odd, \"name\"", "1", "");
  recorder_.declare("central/eig/values", "1", "", true);
  recorder_.declare("time", "s", "");
  recorder_.record("central/loss", 0, 0.1);
  recorder_.record("central/loss", 2, 1e300);
  recorder_.record("central/odd, \"name\"", 1, -HUGE_VAL);
  recorder_.record("central/eig/values", 0, std::vector<double>{2, 1});
  recorder_.record("time", 0, 3);
  const fs::path out = folder_.path() / "new" / "csv";
  EXPECT_THAT(export_csv(recorder_.series(), out),
              ElementsAre(out / "central.csv", out / "run.csv"));
  EXPECT_EQ(read_text(out / "central.csv"),
            "step,eig/values_0,eig/values_1,loss,\"odd, \"\"name\"\"\"\r\n"
            "0,2,1,0.1,\r\n"
            "1,,,,-inf\r\n"
            "2,,,1e+300,\r\n");
  EXPECT_EQ(read_text(out / "run.csv"), "step,time\r\n0,3\r\n");
}

TEST_F(RecorderTest, CsvHasEveryColumnOnce) {
  recorder_.declare("step", "step", "steps taken");
  recorder_.declare("loss", "nats", "a loss");
  recorder_.declare("run/loss", "nats", "another loss");
  recorder_.declare("run/a", "1", "two numbers", true);
  recorder_.declare("run/a_1", "1", "a number");
  for (int row = 0; row < 2; ++row) {
    recorder_.record("step", row, row);
    recorder_.record("loss", row, 10 + row);
    recorder_.record("run/loss", row, 20 + row);
    recorder_.record("run/a", row, std::vector<double>{1, 2});
    recorder_.record("run/a_1", row, 3);
  }
  const fs::path out = folder_.path() / "csv";
  export_csv(recorder_.series(), out);
  EXPECT_EQ(read_text(out / "run.csv"),
            "step,loss,a_0,a_1,a_1_2,loss_2\r\n0,10,1,2,3,20\r\n1,11,1,2,3,21\r\n");
}

TEST_F(RecorderTest, CsvHasNoTableOfStepsAlone) {
  recorder_.declare("step", "step", "steps taken");
  recorder_.record("step", 0, 0);
  EXPECT_THAT(export_csv(recorder_.series(), folder_.path() / "csv"), IsEmpty());
}

TEST_F(RecorderTest, CsvSaysWhenTheFolderCannotBeCreated) {
  write_text(folder_.path() / "file", "x");
  EXPECT_THROW(export_csv({}, folder_.path() / "file"), RunFailed);
}

}  // namespace
}  // namespace thalweg::run
