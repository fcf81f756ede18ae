#include "explain/stop_strings.h"

#include <gtest/gtest.h>

namespace limpid::explain {
namespace {

// All that is certain when `text` comes in pieces of `size` bytes, and whether it stopped.
std::pair<std::string, bool> Cut(const std::vector<std::string>& stops, const std::string& text, size_t size) {
  StopStrings strings(stops);
  std::string out;
  for (size_t i = 0; i < text.size(); i += size) out += strings.Append(text.substr(i, size));
  if (!strings.has_stopped()) out += strings.Flush();
  return {out, strings.has_stopped()};
}

TEST(StopStrings, EndBeforeTheFirstStopHoweverTheTextIsCut) {
  for (size_t size = 1; size < 12; ++size) {
    EXPECT_EQ(Cut({"\n\n", "END"}, "one\ntwo\n\nthree END", size), std::pair("one\ntwo" + std::string(), true));
    EXPECT_EQ(Cut({"aab"}, "xaaab", size), std::pair(std::string("xa"), true));
    EXPECT_EQ(Cut({"never", "ness"}, "nesnevenes", size), std::pair(std::string("nesnevenes"), false));
    EXPECT_EQ(Cut({}, "all of it", size), std::pair(std::string("all of it"), false));
  }
}

TEST(StopStrings, HoldBackOnlyWhatMayBeginAStop) {
  StopStrings strings({"STOP"});
  EXPECT_EQ(strings.Append("now S"), "now ");
  EXPECT_EQ(strings.Append("T"), "");
  EXPECT_EQ(strings.Append("AY"), "STAY");
  EXPECT_EQ(strings.Append("STOP here"), "");
  EXPECT_TRUE(strings.has_stopped());
  EXPECT_EQ(strings.Append("more"), "");
}

}  // namespace
}  // namespace limpid::explain
