#pragma once

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/temporary_folder.hpp"
#include "thalweg/base/files.hpp"

namespace thalweg::report::testing {

/// How often a part occurs in a text.
inline int count(const std::string& text, const std::string& part) {
  int found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

/// Debian's browser without a window, for looking at pages as a reader's browser does.
class Browser {
 public:
  static bool installed() {
    return std::system("command -v chromium-headless-shell > /dev/null 2>&1") == 0;
  }

  /// The document after its scripts have run, in a window of this width. `probe` is JavaScript that
  /// runs last.
  static std::string document(const std::filesystem::path& page,
                              int width,
                              const std::string& probe) {
    const auto copy = page.parent_path() / ("probed-" + std::to_string(width) + ".html");
    write_atomically(copy, read_file(page) + "<script>" + probe + "</script>");
    return output_of(
        "chromium-headless-shell --no-sandbox --disable-gpu --virtual-time-budget=5000 "
        "--window-size=" +
        std::to_string(width) + ",900 --dump-dom 'file://" + copy.string() + "' 2> /dev/null");
  }

  /// The value of a data attribute of the body, "(absent)" if it has none.
  static std::string body_data(const std::string& document, const std::string& name) {
    const std::size_t body = document.find("<body");
    const std::string tag = document.substr(body, document.find('>', body) - body);
    const std::string key = "data-" + name + "=\"";
    const std::size_t begin = tag.find(key);
    if (begin == std::string::npos) return "(absent)";
    const std::size_t value = begin + key.size();
    return tag.substr(value, tag.find('"', value) - value);
  }

 private:
  static std::string output_of(const std::string& command) {
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
    std::string out;
    std::array<char, 65536> block = {};
    while (const std::size_t read = fread(block.data(), 1, block.size(), pipe.get())) {
      out.append(block.data(), read);
    }
    return out;
  }
};

/// Uses every control of the page, then records how far it is wider than its window.
inline const std::string kUseEverything = R"(
  document.querySelectorAll("[data-action=log]").forEach((button) => button.click());
  document.querySelectorAll(".key input").forEach((box) => box.click());
  document.querySelectorAll(".key input").forEach((box) => box.click());
  document.querySelectorAll("[data-action=reset]").forEach((button) => button.click());
  document.querySelectorAll("details").forEach((one) => { one.open = true; });
  document.body.dataset.overflow = String(document.documentElement.scrollWidth - innerWidth);
)";

/// Tests of pages in windows of several widths.
class PageInABrowser : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    if (!Browser::installed()) GTEST_SKIP() << "chromium-headless-shell is not installed";
  }
  const std::filesystem::path& out() const { return folder_.path(); }

  /// Every chart is drawn, every control works without an error, and nothing is wider than the
  /// window.
  static void expect_sound(const std::filesystem::path& page, int least_charts) {
    const int charts = count(read_file(page), "<figure data-chart");
    EXPECT_GE(charts, least_charts);
    const std::string document = Browser::document(page, GetParam(), kUseEverything);
    EXPECT_THAT(Browser::body_data(document, "overflow"),
                ::testing::AnyOf("0", ::testing::HasSubstr("-")));
    if (charts == 0) return;  // then the page has no script
    EXPECT_EQ(Browser::body_data(document, "charts"), std::to_string(charts));
    EXPECT_EQ(Browser::body_data(document, "errors"), "");
  }

 private:
  thalweg::testing::TemporaryFolder folder_;
};

}  // namespace thalweg::report::testing
