#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "oasis/eval/page.h"
#include "oasis/media/image_io.h"
#include "page_browser.h"
#include "page_demo.h"

namespace {

using oasis::eval::Comparison;
using oasis::eval::EvaluationResult;
using page_browser::Visit;
using page_browser::Window;
using page_demo::Folder;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr Window kDesktop{1200, 900, false};
constexpr Window kPhone{390, 844, false};

// Plays what a reader does, and leaves the findings in data-probe.
constexpr const char* kEvaluationProbe = R"js(
<script>
addEventListener('load', () => {
  const findings = [];
  const check = (name, good) => findings.push(name + (good ? ':yes' : ':no'));
  const find = (selector) => document.querySelector(selector);
  const first = (column) => find('#clips tbody').rows[0].cells[column].dataset.sort;
  const last = (column) => [...find('#clips tbody').rows].pop().cells[column].dataset.sort;

  const heading = find('#clips th[data-first=descending]');
  heading.querySelector('button').click();
  const scores = [...find('#clips tbody').rows].map((row) =>
    Number(row.cells[heading.cellIndex].dataset.sort)).filter((score) => !Number.isNaN(score));
  check('sorts-best-first', Number(first(heading.cellIndex)) === Math.max(...scores) &&
    heading.getAttribute('aria-sort') === 'descending');
  heading.querySelector('button').click();
  check('sorts-back', Number(first(heading.cellIndex)) === Math.min(...scores) && last(heading.cellIndex) === 'NaN');

  const frames = find('#clip-0 .choices');
  const panels = [0, 1, 2].map((i) => document.getElementById('clip-0-frame-' + i));
  check('one-frame-shows', panels.map((panel) => panel.hidden).join() === 'false,true,true');
  frames.querySelectorAll('input')[2].click();
  check('frames-change', panels.map((panel) => panel.hidden).join() === 'true,true,false');

  const figure = panels[2].querySelector('.compare');
  const at = () => parseFloat(figure.querySelector('.layers').style.getPropertyValue('--at'));
  const names = () => figure.querySelector('.layer.left').dataset.name + '|' +
    figure.querySelector('.layer.right').dataset.name;
  const range = figure.querySelector('input[type=range]');
  check('starts-in-the-middle', Math.abs(at() - 50) < 0.5 && names() === 'Bicubic|Output');
  range.focus();
  check('takes-focus', document.activeElement === range);
  range.stepUp(10);
  range.dispatchEvent(new Event('input'));
  check('divider-moves', Math.abs(at() - 60) < 0.5);
  figure.querySelectorAll('[data-side=left] input')[1].click();
  check('left-changes', names() === 'Reference|Output');
  check('says-where', range.getAttribute('aria-valuetext') === 'Reference 60\u00a0%, then Output');
  const box = figure.querySelector('.stage').getBoundingClientRect();
  const pointer = (type, share) => figure.querySelector('.stage').dispatchEvent(new PointerEvent(type,
    { clientX: box.left + share * box.width, button: 0, pointerId: 1, pointerType: 'mouse' }));
  figure.querySelector('.stage').setPointerCapture = () => {};
  figure.querySelector('.stage').hasPointerCapture = () => true;
  pointer('pointerdown', 0.25);
  check('mouse-moves', Math.abs(at() - 25) < 0.5 && range.value === '25');
  pointer('pointermove', 0.75);
  check('drag-moves', Math.abs(at() - 75) < 0.5);
  const height = box.height;
  figure.querySelectorAll('[data-zoom] input')[3].click();
  const stage = figure.querySelector('.stage');
  check('zooms', figure.querySelector('.layers').clientWidth === 4 * 160 / devicePixelRatio &&
    Math.abs(stage.getBoundingClientRect().height - height) < 2);

  const curves = find('[data-plots=clip-0-curves]');
  const scrub = curves.querySelector('input[type=range]');
  scrub.value = 12;
  scrub.dispatchEvent(new Event('input'));
  const data = JSON.parse(find('#plots').textContent)['clip-0-curves'];
  check('reads-values', curves.querySelector('[data-series]').textContent ===
    data.plots[0].series[0][12].toFixed(2) + '\u00a0dB');
  check('reads-place', curves.querySelector('output').textContent === 'frame 12, 0.50 s');
  const area = curves.querySelector('.area');
  const field = area.getBoundingClientRect();
  area.dispatchEvent(new PointerEvent('pointermove', { clientX: field.right - 1, clientY: field.top }));
  check('hover-reads', scrub.value === '32');
  const spectrum = find('[data-plots=clip-0-spectrum]');
  const frequency = spectrum.querySelector('input[type=range]');
  frequency.value = 8;
  frequency.dispatchEvent(new Event('input'));
  check('reads-period', spectrum.querySelector('output').textContent === 'period 4.1 frames, 5.82 Hz');

  check('cards-have-pictures', [...document.querySelectorAll('img[data-copy]')].length === 4 &&
    [...document.querySelectorAll('img[data-copy]')].every((image) => image.naturalWidth === 160));
  check('closed', !document.getElementById('clip-2').open);
  location.hash = 'clip-2-frame-1';
  setTimeout(() => {
    check('link-opens', document.getElementById('clip-2').open &&
      !document.getElementById('clip-2-frame-1').hidden);
    check('pictures-load', [...document.images].every((image) => image.naturalWidth > 0));
    check('no-id-lost', document.querySelectorAll('.compare[data-pictures]').length === 12);
    document.documentElement.dataset.probe = findings.join(' ');
  }, 200);
});
</script>
)js";

constexpr const char* kComparisonProbe = R"js(
<script>
addEventListener('load', () => {
  const findings = [];
  const check = (name, good) => findings.push(name + (good ? ':yes' : ':no'));
  const tables = [...document.querySelectorAll('#clips .scroll')];
  const shown = () => tables.map((table) => table.offsetParent !== null ? 1 : 0).join('');
  check('one-table-shows', shown() === '100000');
  document.querySelectorAll('#clips .choices input')[2].click();
  check('tables-change', shown() === '001000');
  const names = [...document.querySelectorAll('#clip-1-frame-0 .layer')].map((e) => e.dataset.name);
  check('methods-side-by-side', names.join() === 'bicubic,oasis-tiny,oasis-1.3B,Reference,Bicubic');
  check('two-sides', document.querySelector('#clip-1-frame-0 .left').dataset.name === 'bicubic' &&
    document.querySelector('#clip-1-frame-0 .right').dataset.name === 'oasis-1.3B');
  const curves = document.querySelector('[data-plots=clip-1-curves]');
  check('three-lines', curves.querySelector('.plot').querySelectorAll('[data-series]').length === 3);
  document.documentElement.dataset.probe = findings.join(' ');
});
</script>
)js";

/// Each launch of a browser takes about a second.
class PageInBrowser : public testing::Test {
 protected:
  void SetUp() override {
    const auto found = page_browser::find();
    if (!found) {
      GTEST_SKIP() << "no Chromium-family browser in PATH; install chromium-headless-shell or set "
                      "OASIS_BROWSER";
    }
    browser_ = *found;
  }

  Visit open(const EvaluationResult& result, const Window& window, const std::string& probe = {}) {
    oasis::eval::write_evaluation_page(result, page());
    return open_page(window, probe);
  }
  Visit open(const Comparison& comparison, const Window& window, const std::string& probe = {}) {
    oasis::eval::write_comparison_page(comparison, page());
    return open_page(window, probe);
  }

  void expect_clean(const Visit& visit) const {
    EXPECT_EQ(visit.status, 0) << page_demo::text_of(folder_ / "log");
    EXPECT_THAT(visit.console, IsEmpty());
    EXPECT_EQ(visit.data("error"), "");
    EXPECT_EQ(visit.data("ready"), "yes");
    EXPECT_EQ(visit.data("overflow"), "0");
  }

  void expect_probe(const Visit& visit, std::size_t count) const {
    const std::string probe = visit.data("probe");
    EXPECT_THAT(probe, Not(HasSubstr(":no")));
    std::size_t found = 0;
    for (auto at = probe.find(":yes"); at != std::string::npos; at = probe.find(":yes", at + 1))
      ++found;
    EXPECT_EQ(found, count) << probe;
  }

  Folder folder_;

 private:
  page_demo::fs::path page() const { return folder_ / "page.html"; }

  Visit open_page(const Window& window, const std::string& probe) const {
    std::ofstream(page(), std::ios::app) << probe;
    return page_browser::visit(browser_, page(), window, folder_);
  }

  std::string browser_;
};

double mean_brightness(const oasis::media::Frame& frame, int rows) {
  double sum = 0;
  for (int i = 0; i < rows * frame.width; ++i) sum += static_cast<double>(frame.plane(1)[i]);
  return sum / (rows * frame.width);
}

TEST_F(PageInBrowser, EvaluationOnADesktop) {
  const Visit visit = open(page_demo::evaluation(folder_), kDesktop);
  expect_clean(visit);
  const auto image = oasis::media::read_image(visit.screenshot);
  EXPECT_EQ(image.frame.width, 1200);
  EXPECT_GT(mean_brightness(image.frame, 20), 0.99);    // the margin above the heading
  EXPECT_LT(mean_brightness(image.frame, 800), 0.985);  // text, lines
}

TEST_F(PageInBrowser, EvaluationInTheDark) {
  const Visit visit = open(page_demo::evaluation(folder_), {1200, 900, true});
  expect_clean(visit);
  EXPECT_LT(mean_brightness(oasis::media::read_image(visit.screenshot).frame, 20), 0.15);
}

TEST_F(PageInBrowser, EvaluationAnswersItsReader) {
  const Visit visit = open(page_demo::evaluation(folder_), kDesktop, kEvaluationProbe);
  expect_clean(visit);
  expect_probe(visit, 21);
}

TEST_F(PageInBrowser, EvaluationOnAPhone) {
  const Visit visit = open(page_demo::evaluation(folder_), kPhone, kEvaluationProbe);
  expect_clean(visit);
  expect_probe(visit, 21);
}

TEST_F(PageInBrowser, ComparisonOnADesktop) {
  const Visit visit = open(page_demo::comparison(folder_), kDesktop, kComparisonProbe);
  expect_clean(visit);
  expect_probe(visit, 5);
}

TEST_F(PageInBrowser, ComparisonOnAPhone) {
  expect_clean(open(page_demo::comparison(folder_), kPhone));
}

TEST_F(PageInBrowser, OddTextsAndNumbers) {
  EvaluationResult result = page_demo::evaluation(folder_, {32, 18, 9});
  const std::string nasty = "</script><script>throw 1</script><img src=x onerror='throw 2'>\"&\xFF";
  const std::string wide(300, 'w');
  result.method = wide;
  result.metrics[0].label = nasty;
  result.clips[0].name = nasty + wide;
  result.clips[4].error = nasty + wide;
  result.missing[0] = {wide, nasty};
  result.published[0].method = result.published[0].set = wide;
  result.published[1].source = nasty + wide;
  result.clips[1].pictures.frames[0].why = wide;
  result.clips[1].per_frame["psnr_y"].assign(9, std::numeric_limits<double>::infinity());
  result.clips[1].scores["psnr_y"] = std::nan("");
  result.clips[0].luma_spectrum.assign(5, std::nan(""));
  result.means["psnr_y"] = std::numeric_limits<double>::infinity();
  expect_clean(open(result, kPhone));
  expect_clean(open(Comparison{{result, result}, {}, {nasty, wide}}, kPhone));
}

TEST_F(PageInBrowser, EmptyResults) {
  expect_clean(open(EvaluationResult{}, kPhone));
  expect_clean(open(Comparison{}, kPhone));
}

// The other tests mean something only if errors would be seen.
TEST_F(PageInBrowser, ErrorsWouldBeSeen) {
  const Visit thrown = open(EvaluationResult{}, kPhone, "<script>throw new Error('boom')</script>");
  EXPECT_THAT(thrown.console, testing::ElementsAre(HasSubstr("boom")));
  EXPECT_THAT(thrown.data("error"), HasSubstr("boom"));
  const Visit fetched =
      open(EvaluationResult{}, kPhone, "<img src=\"https://oasis.invalid/a.png\">");
  EXPECT_NE(fetched.data("error"), "");
  const Visit wide = open(EvaluationResult{}, kPhone, "<div style=\"width:500px\">wide</div>");
  EXPECT_EQ(wide.data("overflow"), "110");
}

}  // namespace
