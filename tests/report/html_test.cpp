#include "thalweg/report/html.hpp"

#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace thalweg::report {
namespace {

TEST(EscapeHtml, MakesEveryMarkupCharacterAnEntity) {
  EXPECT_EQ(escape_html(R"(<b a='1' b="2">&)"), "&lt;b a=&#39;1&#39; b=&quot;2&quot;&gt;&amp;");
}

TEST(RichText, MarksPairsAndKeepsALonelyMark) {
  EXPECT_EQ(rich_text("**3** of `a_b`, 2 ** 3"), "<strong>3</strong> of <code>a_b</code>, 2 ** 3");
}

TEST(RichText, EscapesBeforeItMarks) {
  EXPECT_EQ(rich_text("**<script>**"), "<strong>&lt;script&gt;</strong>");
}

TEST(ScriptJson, HoldsNothingThatEndsTheScriptAndReadsBack) {
  const nlohmann::json value = {{"name", "</script><!--"}, {"x", {1.5, nullptr}}};
  const std::string text = script_json(value);
  EXPECT_EQ(text.find('<'), std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(text), value);
}

TEST(ScriptJson, ReplacesWhatIsNotUtf8) {
  EXPECT_EQ(nlohmann::json::parse(script_json("a\xFF")), "a\uFFFD");
}

TEST(InlineScript, BreaksUpClosingTagsInAnyCase) {
  EXPECT_EQ(inline_script("a='</Script>'; b='<!--'; c<d"), R"(a='<\/Script>'; b='<\!--'; c<d)");
}

TEST(ShellWord, QuotesOnlyWhatNeedsIt) {
  EXPECT_EQ(shell_word("runs/a-1.toml"), "runs/a-1.toml");
  EXPECT_EQ(shell_word("it's; rm"), R"('it'\''s; rm')");
  EXPECT_EQ(shell_word(""), "''");
}

}  // namespace
}  // namespace thalweg::report
