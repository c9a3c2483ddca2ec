#include "base/cgroup.hpp"

#include <fstream>

#include <gtest/gtest.h>

#include "support/temporary_folder.hpp"

namespace thalweg {
namespace {

using testing::TemporaryFolder;

void put(const std::filesystem::path& file, std::string_view content) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file) << content;
}

TEST(Cgroup, ReadsTheSmallestQuotaOfVersion2) {
  const TemporaryFolder root;
  put(root / "a/cpu.max", "400000 100000\n");
  put(root / "a/b/cpu.max", "max 100000\n");
  EXPECT_EQ(cgroup_processors(root.path(), "0::/a/b\n"), 4.0);
  put(root / "a/b/cpu.max", "150000 100000\n");
  EXPECT_EQ(cgroup_processors(root.path(), "0::/a/b\n"), 1.5);
}

TEST(Cgroup, ReadsTheQuotaOfVersion1) {
  const TemporaryFolder root;
  const std::string membership = "5:memory:/job\n4:cpu,cpuacct:/job\n0::/\n";
  put(root / "cpu,cpuacct/job/cpu.cfs_period_us", "50000\n");
  put(root / "cpu,cpuacct/job/cpu.cfs_quota_us", "-1\n");
  EXPECT_EQ(cgroup_processors(root.path(), membership), std::nullopt);
  put(root / "cpu,cpuacct/job/cpu.cfs_quota_us", "100000\n");
  EXPECT_EQ(cgroup_processors(root.path(), membership), 2.0);
}

TEST(Cgroup, ReadsTheMountWhenTheGroupIsOutsideOfIt) {
  const TemporaryFolder root;
  put(root / "cpu.max", "200000 100000\n");
  EXPECT_EQ(cgroup_processors(root.path(), "0::/../not/here\n"), 2.0);
}

TEST(Cgroup, SetsNoLimitWhereNothingIsKnown) {
  const TemporaryFolder root;
  EXPECT_EQ(cgroup_processors(root.path(), "0::/\n"), std::nullopt);
  EXPECT_EQ(cgroup_processors(root.path(), ""), std::nullopt);
  EXPECT_EQ(cgroup_processors(root.path(), "nonsense"), std::nullopt);
  put(root / "cpu.max", "garbage");
  EXPECT_EQ(cgroup_processors(root.path(), "0::/\n"), std::nullopt);
}

}  // namespace
}  // namespace thalweg
