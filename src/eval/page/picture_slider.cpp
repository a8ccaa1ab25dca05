#include "eval/page/picture_slider.h"

#include <fmt/format.h>

#include "eval/page/markup.h"

namespace oasis::eval::page {
namespace {

std::string layer(const std::string& id, const std::string& what, const Layer& layer, int number) {
  return fmt::format(
      "<div class=\"layer\" data-name=\"{0}\"><img id=\"{1}-{2}\" alt=\"{3}: {0}\" width=\"{4}\" "
      "height=\"{5}\" src=\"{6}\"><span class=\"tag\" "
      "aria-hidden=\"true\">{0}</span></div>\n",
      escape(layer.label), id, number, escape(what), layer.picture->width, layer.picture->height,
      data_uri(*layer.picture));
}

std::string pill(const std::string& name, const std::string& value, const std::string& label,
                 bool checked) {
  return fmt::format(
      "<label><input type=\"radio\" name=\"{}\" value=\"{}\"{}><span>{}</span></label>", name,
      value, checked ? " checked" : "", escape(label));
}

std::string side(const std::string& id, const char* which, const char* legend,
                 const std::vector<Layer>& layers, std::size_t chosen) {
  std::string html =
      fmt::format("<fieldset class=\"pills\" data-side=\"{}\"><legend>{}</legend>", which, legend);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    html +=
        pill(fmt::format("{}-{}", id, which), fmt::format("{}", i), layers[i].label, i == chosen);
  }
  return html + "</fieldset>";
}

std::string zoom(const std::string& id) {
  const std::string name = id + "-zoom";
  return "<fieldset class=\"pills\" data-zoom><legend>Size</legend>" +
         pill(name, "0", "Fit", true) + pill(name, "1", "1:1", false) +
         pill(name, "2", "2:1", false) + pill(name, "4", "4:1", false) + "</fieldset>";
}

}  // namespace

std::string picture_slider(const std::string& id, const std::string& what,
                           const std::vector<Layer>& layers, std::size_t left, std::size_t right) {
  if (layers.empty()) return {};
  std::string pictures;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    pictures += layer(id, what, layers[i], static_cast<int>(i));
  }
  if (layers.size() == 1) {
    return fmt::format(
        "<figure class=\"compare\"><div class=\"stage\"><div class=\"layers\">\n{}"
        "</div></div></figure>\n",
        pictures);
  }
  return fmt::format(
      "<figure class=\"compare\" data-pictures><div class=\"sides js-only\">{}{}</div>\n"
      "<div class=\"stage\"><div class=\"layers stacked\" data-width=\"{}\">\n{}"
      "<div class=\"divider js-only\" aria-hidden=\"true\"></div></div></div>\n"
      "<div class=\"controls js-only\"><input type=\"range\" min=\"0\" max=\"100\" value=\"50\" "
      "step=\"1\" aria-label=\"Divider, {}\">{}</div></figure>\n",
      side(id, "left", "Left", layers, left), side(id, "right", "Right", layers, right),
      layers.front().picture->width, pictures, escape(what), zoom(id));
}

std::string panels(const std::string& group, const std::string& legend,
                   const std::vector<Panel>& choices) {
  std::string buttons, html;
  for (std::size_t i = 0; i < choices.size(); ++i) {
    buttons += fmt::format(
        "<label><input type=\"radio\" name=\"{}\" data-shows=\"{}\"{}><span>{}</span></label>",
        group, choices[i].id, i == 0 ? " checked" : "", escape(choices[i].label));
    html +=
        fmt::format("<div id=\"{}\"><p class=\"small muted{}\">{}</p>{}</div>\n", choices[i].id,
                    choices.size() > 1 ? " no-js" : "", escape(choices[i].label), choices[i].html);
  }
  if (choices.size() < 2) return html;
  return fmt::format(
      "<fieldset class=\"pills choices js-only\"><legend>{}</legend>{}</fieldset>\n{}",
      escape(legend), buttons, html);
}

}  // namespace oasis::eval::page
