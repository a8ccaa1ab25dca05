#include "oasis/config/config_node.h"

#include <gtest/gtest.h>

#include "oasis/core/error.h"

namespace oasis::config {
namespace {

template <typename Action>
std::string message_of(Action action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    return error.what();
  }
  return "";
}

TEST(ConfigNode, ReadsTypedValues) {
  const auto node = ConfigNode::parse("a: 3\nb: {c: [1, 2.5], d: yes}\ne: words\n", "x.yaml");
  EXPECT_EQ(node.integer("a"), 3);
  EXPECT_EQ(node.child("b").numbers("c"), (std::vector<double>{1, 2.5}));
  EXPECT_TRUE(node.child("b").boolean("d"));
  EXPECT_EQ(node.text("e"), "words");
  EXPECT_EQ(node.integer("absent", 7), 7);
  EXPECT_NO_THROW(node.reject_unknown());
}

TEST(ConfigNode, NamesFileLineAndNearestKey) {
  const auto node = ConfigNode::parse("steps: 1\nsave_evry: 2\n", "train.yaml");
  node.integer("steps");
  node.integer("save_every", 0);
  EXPECT_EQ(message_of([&] { node.reject_unknown(); }),
            "train.yaml:2: unknown key 'save_evry'; did you mean 'save_every'?");
}

TEST(ConfigNode, RefusesWrongTypesAndMissingKeys) {
  const auto node = ConfigNode::parse("a: 1.5\nb: {c: x}\n", "x.yaml");
  EXPECT_EQ(message_of([&] { node.integer("a"); }), "x.yaml:1: 'a' should be a whole number");
  EXPECT_EQ(message_of([&] { node.child("b").integer("c"); }),
            "x.yaml:2: 'b.c' should be a whole number");
  EXPECT_NE(message_of([&] { node.integer("z"); }).find("'z' is missing"), std::string::npos);
  EXPECT_NE(message_of([&] { node.child("a"); }).find("mapping"), std::string::npos);
  EXPECT_NE(message_of([] { ConfigNode::parse("a: [1", "x.yaml"); }).find("x.yaml:"),
            std::string::npos);
}

TEST(ConfigNode, ReadsRowsOfWordsWithTheirLines) {
  const auto node = ConfigNode::parse("rows:\n  - [a, b]\n  - - c\n    - d\n", "x.yaml");
  const auto rows = node.word_rows("rows");
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].line, 2);
  EXPECT_EQ(rows[0].words[1].text, "b");
  EXPECT_EQ(rows[1].words[1].text, "d");
  EXPECT_EQ(rows[1].words[1].line, 4);
}

TEST(ConfigNode, RefusesRowsThatAreNotListsOfWords) {
  const auto refusal = [](const std::string& text) {
    const auto node = ConfigNode::parse(text, "x.yaml");
    return message_of([&] { node.word_rows("rows"); });
  };
  EXPECT_EQ(refusal("rows: 3\n"), "x.yaml:1: 'rows' should be a list of lists of words");
  EXPECT_EQ(refusal("rows:\n  - [a]\n  - b\n"), "x.yaml:3: 'rows' should hold lists of words");
  EXPECT_EQ(refusal("rows:\n  - [a, [b]]\n"), "x.yaml:2: 'rows' should hold lists of words");
  EXPECT_NE(refusal("other: 1\n").find("'rows' is missing"), std::string::npos);
}

TEST(NearestName, OnlyNearOnes) {
  EXPECT_EQ(nearest_name("lerning_rate", {"learning_rate", "steps"}), "learning_rate");
  EXPECT_EQ(nearest_name("banana", {"learning_rate", "steps"}), "");
}

}  // namespace
}  // namespace oasis::config
