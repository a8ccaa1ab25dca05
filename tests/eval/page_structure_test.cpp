#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "oasis/core/error.h"
#include "oasis/eval/page.h"
#include "page_demo.h"
#include "page_markup_check.h"

namespace {

using markup_check::data_of;
using markup_check::Reader;
using oasis::eval::ClipResult;
using oasis::eval::Comparison;
using oasis::eval::EvaluationResult;
using page_demo::Folder;
using page_demo::text_of;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr page_demo::Size kSmall{32, 18, 33};

std::string page_of(const EvaluationResult& result) {
  const Folder folder;
  oasis::eval::write_evaluation_page(result, folder / "page.html");
  return text_of(folder / "page.html");
}

std::string page_of(const Comparison& comparison) {
  const Folder folder;
  oasis::eval::write_comparison_page(comparison, folder / "page.html");
  return text_of(folder / "page.html");
}

// Unlike a matcher it does not print the page.
bool has(const std::string& html, const std::string& text) {
  return html.find(text) != std::string::npos;
}

// Data URIs would hide what is looked for, and may hold any letters.
std::string without_pictures(const std::string& html) {
  std::string text;
  std::size_t at = 0;
  for (;;) {
    const auto begin = html.find("src=\"data:image/", at);
    text += html.substr(at, begin - at);
    if (begin == std::string::npos) return text;
    at = html.find('"', begin + 5) + 1;
  }
}

void expect_self_contained(const std::string& html) {
  const std::string text = without_pictures(html);
  for (const char* outside : {"http:", "https:", "src=\"", "url(", "@import", "<link", "<iframe",
                              "<object", "fetch(", "XMLHttpRequest", "import("}) {
    EXPECT_FALSE(has(text, outside)) << outside;
  }
  EXPECT_TRUE(has(text, "Content-Security-Policy\" content=\"default-src 'none'"));
  EXPECT_TRUE(has(text, "name=\"viewport\""));
  EXPECT_TRUE(has(text, "prefers-color-scheme: dark"));
  EXPECT_TRUE(has(text, "prefers-reduced-motion"));
  EXPECT_TRUE(has(text, "<html lang=\"en\">"));
}

EvaluationResult one_clip() {
  EvaluationResult result;
  result.method = "run";
  result.metrics = {{"psnr_y", "PSNR-Y", "dB", "Y of BT.601", true, 2}};
  ClipResult clip;
  clip.name = "clip";
  clip.frames = 4;
  clip.scores["psnr_y"] = 30;
  clip.per_frame["psnr_y"] = {30, 31, 29, 30};
  result.clips = {clip};
  result.means["psnr_y"] = 30;
  return result;
}

TEST(EvaluationPage, IsWellFormedAndHasEverySection) {
  const Folder folder;
  const std::string html = page_of(page_demo::evaluation(folder, kSmall));
  const Reader reader(html);
  EXPECT_THAT(reader.problems(), IsEmpty());
  expect_self_contained(html);
  for (const char* id : {"summary", "published", "clips", "worst", "details", "protocol"}) {
    EXPECT_TRUE(has(html, std::string("<section id=\"") + id + "\"")) << id;
    EXPECT_TRUE(has(html, std::string("href=\"#") + id + "\"")) << id;
  }
  for (const char* text :
       {"Evaluation of oasis-tiny", "needs vgg.pth in --weights", "1 of 5 clips failed",
        "31 frames, the reference has 33", "--align resize: the protocol crops", "2.11.0",
        "sha256:df73285e35b22355", "UDM10", "26.48", "DOVER does not reproduce", "DOVE, table 1",
        "Slice through time", "Luma spectrum", "lowest PSNR-Y", "cut to 33 frames (--align crop)",
        "Identical frames give 80 dB.", "PSNR-Y"}) {
    EXPECT_TRUE(has(html, text)) << text;
  }
}

TEST(EvaluationPage, EmbedsEachPictureOnce) {
  const Folder folder;
  const EvaluationResult result = page_demo::evaluation(folder, kSmall);
  const std::string html = page_of(result);
  std::size_t embedded = 0;
  for (auto at = html.find("src=\"data:"); at != std::string::npos;
       at = html.find("src=\"data:", at + 1)) {
    ++embedded;
  }
  EXPECT_EQ(embedded, 4U * (3 * 3 + 2));
  // "\x89PNG\r\n\x1A\n" and the start of the header, and the padding of both lengths.
  EXPECT_TRUE(has(html, "src=\"data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAACAAAAAS"));
}

TEST(EvaluationPage, EncodesPicturesOfAnyLength) {
  for (const auto& [bytes, text] :
       {std::pair{std::vector<std::uint8_t>{'M'}, "TQ=="},
        std::pair{std::vector<std::uint8_t>{'M', 'a'}, "TWE="},
        std::pair{std::vector<std::uint8_t>{'M', 'a', 'n'}, "TWFu"},
        std::pair{std::vector<std::uint8_t>{0xFB, 0xFF, 0xFE, 0x00}, "+//+AA=="}}) {
    EvaluationResult result = one_clip();
    result.clips[0].pictures.frames = {{0, "middle", {"image/jpeg", bytes, 1, 1}, {}, {}}};
    EXPECT_TRUE(has(page_of(result), std::string("src=\"data:image/jpeg;base64,") + text + "\""));
  }
}

TEST(EvaluationPage, EscapesEveryText) {
  const std::string nasty = "</script><b a='1' c=\"2\">&amp; \x01\xFF <!-- é";
  const Folder folder;
  EvaluationResult result = page_demo::evaluation(folder, kSmall);
  for (std::string* text : {&result.method,
                            &result.protocol,
                            &result.protocol_text[0],
                            &result.protocol_text[4],
                            &result.deviations[0],
                            &result.metrics[0].label,
                            &result.metrics[0].unit,
                            &result.metrics[1].definition,
                            &result.missing[0].key,
                            &result.missing[0].reason,
                            &result.clips[0].name,
                            &result.clips[1].name,
                            &result.clips[4].name,
                            &result.clips[4].error,
                            &result.clips[2].notes[0],
                            &result.clips[0].pictures.frames[0].why,
                            &result.clips[0].pictures.frames[0].output.mime,
                            &result.published[0].method,
                            &result.published[0].set,
                            &result.published[0].source,
                            &result.published[0].warnings["dover"]}) {
    *text = nasty;
  }
  result.clips[0].output = nasty;
  result.clips[0].reference = nasty;
  result.versions[nasty] = nasty;
  result.published[2].values[nasty] = 1;
  Comparison comparison{
      {result, result}, {{"psnr_y", nasty, 1, 0, 2, 1, 2}, {nasty, nasty, 1, 0, 2, 1, 2}}, {nasty}};
  for (const std::string& html : {page_of(result), page_of(comparison)}) {
    const Reader reader(html);
    EXPECT_THAT(reader.problems(), IsEmpty());
    EXPECT_FALSE(has(without_pictures(html), "<b a="));
    EXPECT_FALSE(has(html, "\xFF"));
    EXPECT_FALSE(has(html, "\x01"));
    EXPECT_TRUE(has(html,
                    "&lt;/script&gt;&lt;b a=&#39;1&#39; c=&quot;2&quot;&gt;&amp;amp; "
                    "\xEF\xBF\xBD\xEF\xBF\xBD &lt;!-- é"));
    EXPECT_TRUE(data_of(html).is_object());
  }
}

TEST(EvaluationPage, KeepsLettersOfAllLanguagesAndDropsBrokenOnes) {
  EvaluationResult result = one_clip();
  result.method = "Übergröße 日本 😀|\xC0\xAF|\xED\xA0\x80|\xF4\x90\x80\x80|\xE6\x97|";
  const std::string html = page_of(result);
  const std::string bad = "\xEF\xBF\xBD";
  EXPECT_TRUE(has(html, "Übergröße 日本 😀|" + bad + bad + "|" + bad + bad + bad + "|" + bad + bad +
                            bad + bad + "|" + bad + bad + "|"));
}

TEST(EvaluationPage, PrintsWhatIsNoFiniteNumber) {
  EvaluationResult result = one_clip();
  result.metrics.push_back({"ssim", "SSIM", "", "", true, 4});
  result.metrics.push_back({"drift", "Drift", "", "", false, 3});
  result.clips.push_back(result.clips[0]);
  result.clips[0].name = "same";
  result.clips[0].scores = {{"psnr_y", kInfinity}, {"ssim", kNaN}, {"drift", -0.25}};
  result.clips[0].per_frame = {{"psnr_y", {kInfinity, kInfinity, 40.123, kNaN, -kInfinity}},
                               {"drift", {kNaN, kNaN}}};
  result.clips[1].scores["drift"] = -0.0002;
  result.means = {{"psnr_y", kInfinity}, {"drift", -0.125}};
  result.clips[0].luma_spectrum = {kNaN, kNaN, kNaN};
  const std::string html = page_of(result);
  EXPECT_THAT(Reader(html).problems(), IsEmpty());
  for (const char* wrong :
       {">nan", ">inf", ">-inf", "nan<", "inf<", "dnan", "Lnan", " inf", " nan"}) {
    EXPECT_FALSE(has(html, wrong)) << wrong;
  }
  EXPECT_TRUE(has(html, "data-sort=\"Infinity\"><span class=\"best\">∞<"));
  EXPECT_TRUE(has(html, "data-sort=\"NaN\">–<"));
  EXPECT_TRUE(has(html, "data-sort=\"-0.25\"><span class=\"best\">−0.250<"));
  EXPECT_TRUE(has(html, ">0.000<"));
  const auto data = data_of(html);
  EXPECT_EQ(data.at("clip-0-curves").at("plots").at(0).at("series").at(0).dump(),
            "[\"∞\",\"∞\",40.12,null,\"−∞\"]");
  EXPECT_EQ(data.at("clip-0-curves").at("length"), 5);
}

TEST(EvaluationPage, DrawsCurvesWhereTheyBelong) {
  EvaluationResult result = one_clip();
  result.clips[0].per_frame["psnr_y"] = {30, 40, kNaN, 35, 30};
  const std::string html = page_of(result);
  // The scale has 8% room above and below: 40 is at 0.8 / 11.6, 30 at 10.8 / 11.6 from the top.
  EXPECT_TRUE(has(html, "d=\"M0.0 93.10h0L250.0 6.90M750.0 50.00h0L1000.0 93.10\""));
  EXPECT_TRUE(has(html, "aria-label=\"PSNR-Y from 30.00 to 40.00 dB\""));
}

TEST(EvaluationPage, DrawsLongCurvesShortButKeepsTheirExtremes) {
  EvaluationResult result = one_clip();
  auto& curve = result.clips[0].per_frame["psnr_y"];
  curve.assign(100000, 30.0);
  curve[54321] = 10.0;
  const std::string html = page_of(result);
  EXPECT_TRUE(has(html, "L543.2 93.10"));  // (31.6 - 10) / 23.2
  const auto begin = html.find("<path class=\"s0 d0\" stroke-linecap");
  EXPECT_LT(html.find("/>", begin) - begin, 40000U);
  EXPECT_EQ(data_of(html).at("clip-0-curves").at("plots").at(0).at("series").at(0).size(), 100000U);
}

TEST(EvaluationPage, MarksBestAndWorstByTheDirectionOfTheMetric) {
  const Folder folder;
  EvaluationResult result = one_clip();
  result.metrics = {{"lpips_alex", "LPIPS", "", "", false, 2}};
  for (const auto& [name, score] :
       {std::pair{"a", 0.5}, std::pair{"b", 0.25}, std::pair{"c", 0.75}}) {
    ClipResult clip;
    clip.name = name;
    clip.scores["lpips_alex"] = score;
    result.clips.push_back(clip);
  }
  result.clips[0].error = "failed";
  result.clips[0].scores["lpips_alex"] = 0.01;  // of a clip that failed: not in any ranking
  const std::string html = page_of(result);
  EXPECT_TRUE(has(html,
                  "<span class=\"best\">0.25</span><span class=\"where\"><a "
                  "href=\"#clip-2\">b</a>"));
  EXPECT_TRUE(has(html,
                  "<span class=\"worst\">0.75</span><span class=\"where\"><a "
                  "href=\"#clip-3\">c</a>"));
  EXPECT_FALSE(has(html, ">0.01<"));
}

TEST(EvaluationPage, ListsTheWorstFramesApartFromEachOther) {
  EvaluationResult result = one_clip();
  auto& curve = result.clips[0].per_frame["psnr_y"];
  curve.assign(40, 30.0);
  curve[20] = 20.0;
  curve[21] = 20.5;  // a neighbour of a worse one
  curve[35] = 25.0;
  const std::string html = page_of(result);
  const auto first = html.find("<span class=\"value\">20.00</span>");
  const auto second = html.find("<span class=\"value\">25.00</span>");
  ASSERT_NE(first, std::string::npos);
  ASSERT_NE(second, std::string::npos);
  EXPECT_LT(first, second);
  EXPECT_TRUE(has(html, "clip, frame 20"));
  EXPECT_FALSE(has(html, "clip, frame 21"));
}

TEST(EvaluationPage, RanksDeviationsByTheirDistanceFromZero) {
  EvaluationResult result = one_clip();
  result.metrics = {{"luma_pulse", "Luma pulse", "/255", "", false, 3}};
  auto& curve = result.clips[0].per_frame["luma_pulse"];
  curve.assign(40, 0.0);
  curve[5] = 0.25;
  curve[25] = -0.5;
  const std::string html = page_of(result);
  EXPECT_LT(html.find("<span class=\"value\">−0.500</span>"),
            html.find("<span class=\"value\">0.250</span>"));
}

TEST(EvaluationPage, PutsSpectrumTicksAtTheirPeriods) {
  EvaluationResult result = one_clip();
  result.clips[0].frames = 16;
  result.clips[0].luma_spectrum.assign(9, 1.0);
  const std::string html = page_of(result);
  EXPECT_TRUE(has(html, "left:50.00%\">4</span>"));
  EXPECT_TRUE(has(html, "left:100.00%\">2</span>"));
  EXPECT_EQ(data_of(html).at("clip-0-spectrum").at("step"), 0.0625);
}

TEST(EvaluationPage, TakesEmptyResults) {
  const std::string html = page_of(EvaluationResult{});
  EXPECT_THAT(Reader(html).problems(), IsEmpty());
  expect_self_contained(html);
  EXPECT_TRUE(has(html, "No clip was scored."));
  EXPECT_TRUE(has(html, "No metric was computed."));
  EvaluationResult bare;
  bare.metrics = page_demo::metrics();
  bare.clips.resize(2);
  bare.clips[0].pictures.frames.resize(1);
  bare.clips[0].per_frame["psnr_y"] = {};
  bare.published.resize(1);
  EXPECT_THAT(Reader(page_of(bare)).problems(), IsEmpty());
}

TEST(EvaluationPage, IsTheSameForTheSameResult) {
  const Folder folder;
  const EvaluationResult result = page_demo::evaluation(folder, kSmall);
  EXPECT_EQ(page_of(result), page_of(result));
}

TEST(EvaluationPage, ReplacesTheFileOrLeavesIt) {
  const Folder folder;
  std::ofstream(folder / "page.html") << "old";
  oasis::eval::write_evaluation_page(one_clip(), folder / "page.html");
  EXPECT_TRUE(has(text_of(folder / "page.html"), "Evaluation of run"));
  EXPECT_FALSE(page_demo::fs::exists(folder / "page.html.part"));
  try {
    oasis::eval::write_evaluation_page(one_clip(), folder / "none" / "page.html");
    FAIL() << "the folder does not exist";
  } catch (const oasis::Error& error) {
    EXPECT_EQ(error.code(), oasis::ExitCode::failed);
    EXPECT_THAT(error.what(), HasSubstr("page.html"));
  }
  page_demo::fs::create_directory(folder / "taken.html");
  EXPECT_THROW(oasis::eval::write_comparison_page({}, folder / "taken.html"), oasis::Error);
  EXPECT_FALSE(page_demo::fs::exists(folder / "taken.html.part"));
}

TEST(ComparisonPage, IsWellFormedAndHasEverySection) {
  const Folder folder;
  const std::string html = page_of(page_demo::comparison(folder, kSmall));
  EXPECT_THAT(Reader(html).problems(), IsEmpty());
  expect_self_contained(html);
  for (const char* id : {"means", "differences", "clips", "details", "protocols"}) {
    EXPECT_TRUE(has(html, std::string("<section id=\"") + id + "\"")) << id;
  }
  for (const char* text : {"Comparison of bicubic, oasis-tiny and oasis-1.3B", "3 of 4",
                           "coffee_pour: oasis-1.3B has no result", "needs vgg.pth",
                           "oasis-1.3B has no result for this clip", "class=\"whisker"}) {
    EXPECT_TRUE(has(html, text)) << text;
  }
}

TEST(ComparisonPage, ReadsIntervalsByTheDirectionOfTheMetric) {
  Comparison comparison;
  comparison.methods = {one_clip(), one_clip()};
  comparison.methods[1].method = "other";
  for (auto& method : comparison.methods) {
    method.metrics.push_back({"lpips_alex", "LPIPS", "", "", false, 3});
  }
  const auto reading = [&](const std::string& metric, double low, double high) {
    comparison.differences = {{metric, "other", (low + high) / 2, low, high, 3, 12}};
    const std::string html = page_of(comparison);
    for (const char* word : {"better", "worse", "no clear difference", "not known"}) {
      if (html.find(std::string("\">") + word + "</td>") != std::string::npos)
        return std::string(word);
    }
    return std::string("nothing");
  };
  EXPECT_EQ(reading("psnr_y", 0.5, 1.5), "better");
  EXPECT_EQ(reading("psnr_y", -1.5, -0.5), "worse");
  EXPECT_EQ(reading("psnr_y", -0.5, 1.5), "no clear difference");
  EXPECT_EQ(reading("lpips_alex", 0.5, 1.5), "worse");
  EXPECT_EQ(reading("lpips_alex", -1.5, -0.5), "better");
  EXPECT_EQ(reading("psnr_y", kNaN, kNaN), "not known");
  EXPECT_EQ(reading("psnr_y", -kInfinity, kInfinity), "not known");
}

TEST(ComparisonPage, PrintsSmallDifferencesWithEnoughDigits) {
  Comparison comparison;
  comparison.methods = {one_clip(), one_clip()};
  comparison.methods[1].means["psnr_y"] = 30.00042;
  comparison.differences = {{"psnr_y", "other", 0.00042, 0.00009, 0.00061, 3, 12}};
  const std::string html = page_of(comparison);
  EXPECT_TRUE(has(html, ">+0.00042<"));
  EXPECT_TRUE(has(html, ">+0.00009 to +0.00061<"));
  // Means that print the same: none is marked.
  EXPECT_FALSE(has(html, "class=\"best\">30.00"));
}

TEST(ComparisonPage, DrawsWhiskersToScale) {
  Comparison comparison;
  comparison.methods = {one_clip(), one_clip()};
  comparison.differences = {{"psnr_y", "other", 1, 0.5, 2, 2, 12}};
  // Zero at 50, the largest distance, 2, at 96.
  EXPECT_TRUE(has(page_of(comparison), "d=\"M61.50 5V15M61.50 10H96.00M96.00 5V15\""));
  EXPECT_TRUE(has(page_of(comparison), "class=\"point\" d=\"M73.00 10h0\""));
}

TEST(ComparisonPage, PairsPicturesOfTheSameFrame) {
  const Folder folder;
  Comparison comparison = page_demo::comparison(folder, kSmall);
  for (auto& method : comparison.methods) {
    for (auto& clip : method.clips) {
      for (auto& frame : clip.pictures.frames) frame.bicubic = {};
    }
  }
  auto& frames = comparison.methods[1].clips[1].pictures.frames;
  frames[0].frame = 7;  // football_juggle: only one method has it
  const std::string html = page_of(comparison);
  EXPECT_FALSE(has(html, "football_juggle, frame 7"));
  EXPECT_TRUE(has(html, "football_juggle, frame 22: bicubic"));
  EXPECT_TRUE(has(html, "football_juggle, frame 22: oasis-1.3B"));
  EXPECT_TRUE(has(html, "football_juggle, frame 22: Reference"));
  EXPECT_FALSE(has(html, "football_juggle, frame 22: oasis-tiny"));
}

TEST(ComparisonPage, TakesEmptyComparisons) {
  for (std::size_t methods : {0, 1, 2}) {
    Comparison comparison;
    comparison.methods.resize(methods);
    const std::string html = page_of(comparison);
    EXPECT_THAT(Reader(html).problems(), IsEmpty());
    EXPECT_TRUE(has(html, "No metric is common"));
  }
}

}  // namespace
