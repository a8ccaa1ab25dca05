#pragma once

#include <gtest/gtest.h>

#include <cctype>
#include <functional>
#include <string>
#include <utility>

namespace oasis::golden {

/// Adds a GoogleTest test that runs `body`. Names may be any text; what GoogleTest's filters and
/// reports cannot bear becomes an underscore.
inline void register_test(std::string suite, std::string name, std::function<void()> body) {
  class BodyTest : public ::testing::Test {
   public:
    explicit BodyTest(std::function<void()> body) : body_(std::move(body)) {}
    void TestBody() override { body_(); }

   private:
    std::function<void()> body_;
  };
  for (std::string* text : {&suite, &name}) {
    for (char& c : *text) {
      if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
    }
  }
  ::testing::RegisterTest(
      suite.c_str(), name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
      [body = std::move(body)]() -> ::testing::Test* { return new BodyTest(body); });
}

}  // namespace oasis::golden
