#include "thalweg/report/report.hpp"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "report/synthetic_run.hpp"
#include "support/temporary_folder.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/base/files.hpp"

namespace thalweg::report {
namespace {

using ::testing::HasSubstr;
using thalweg::testing::TemporaryFolder;

TEST(WriteReport, ChoosesThePageByTheCommand) {
  const TemporaryFolder out;
  const auto flow = testing::write_flow_run(out.path(), "f", 40);
  const auto spectrum = testing::write_spectrum_run(out.path(), "s");
  write_report(flow);
  write_report(spectrum);
  EXPECT_THAT(read_file(flow.report()), HasSubstr("What happened"));
  EXPECT_THAT(read_file(spectrum.report()), HasSubstr("The spectrum"));
}

TEST(WriteReport, KnowsTheCommandOfARunThatWasKilledFromItsConfiguration) {
  const TemporaryFolder out;
  const auto flow = testing::write_flow_run(out.path(), "f", 40);
  std::filesystem::remove(flow.summary());
  write_report(flow);
  EXPECT_THAT(read_file(flow.report()), HasSubstr("has not ended"));
}

TEST(WriteReport, RefusesACommandWithoutAPage) {
  const TemporaryFolder out;
  const auto folder = run::RunFolder::create(out.path(), "x", false);
  folder.write_summary({{"command", "mezo"}});
  try {
    write_report(folder);
    FAIL() << "no error";
  } catch (const BadInput& error) {
    EXPECT_THAT(error.what(), HasSubstr("'mezo'"));
  }
}

}  // namespace
}  // namespace thalweg::report
