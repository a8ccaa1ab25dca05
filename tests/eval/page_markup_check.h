#pragma once

#include <cctype>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

/// A strict reading of an HTML page: every element is closed in order, attributes are quoted, ids
/// are unique and links within the page lead somewhere.
namespace markup_check {

struct Element {
  std::string name;
  std::vector<std::pair<std::string, std::string>> attributes;
};

inline bool is_void(const std::string& name) {
  static const std::set<std::string> names{"meta", "img", "input", "br", "hr", "link"};
  return names.count(name) != 0;
}

class Reader {
 public:
  explicit Reader(const std::string& html) : html_(html) {
    while (at_ < html_.size()) step();
    for (const std::string& name : open_) problem("is never closed", name);
    check_links();
  }

  const std::vector<std::string>& problems() const { return problems_; }
  const std::vector<Element>& elements() const { return elements_; }

 private:
  void problem(const std::string& text, const std::string& where) {
    problems_.push_back(where + " " + text);
  }

  void step() {
    at_ = html_.find('<', at_);
    if (at_ == std::string::npos) {
      at_ = html_.size();
    } else if (html_.compare(at_, 2, "<!") == 0) {
      at_ = html_.find('>', at_) + 1;
    } else if (html_.compare(at_, 2, "</") == 0) {
      close();
    } else {
      open();
    }
  }

  void close() {
    const auto end = html_.find('>', at_);
    const std::string name = html_.substr(at_ + 2, end - at_ - 2);
    if (open_.empty() || open_.back() != name) {
      problem("is closed out of order", name);
    } else {
      open_.pop_back();
    }
    at_ = end + 1;
  }

  void open() {
    const auto end = end_of_tag();
    const std::string text = html_.substr(at_, end - at_);
    Element element;
    std::size_t i = 1;
    while (i < text.size() && std::isalnum(static_cast<unsigned char>(text[i]))) {
      element.name.push_back(text[i++]);
    }
    if (element.name.empty()) problem("is no tag", text.substr(0, 40));
    const bool closed = attributes(text, i, element);
    at_ = end;
    const std::string name = element.name;
    elements_.push_back(std::move(element));
    if (name == "script" || name == "style") {
      at_ = html_.find("</" + name + ">", at_);
      if (at_ == std::string::npos) at_ = html_.size();
      open_.push_back(name);
    } else if (!closed && !is_void(name)) {
      open_.push_back(name);
    }
  }

  // One past the ">", those within quotes not counted.
  std::size_t end_of_tag() const {
    bool quoted = false;
    for (std::size_t i = at_; i < html_.size(); ++i) {
      if (html_[i] == '"') quoted = !quoted;
      if (html_[i] == '>' && !quoted) return i + 1;
    }
    return html_.size();
  }

  // True for "/>".
  bool attributes(const std::string& text, std::size_t i, Element& element) {
    while (i < text.size()) {
      while (i < text.size() && std::isspace(static_cast<unsigned char>(text[i]))) ++i;
      if (text.compare(i, 2, "/>") == 0) return true;
      if (i >= text.size() || text[i] == '>') return false;
      std::string name;
      while (i < text.size() &&
             (std::isalnum(static_cast<unsigned char>(text[i])) || text[i] == '-')) {
        name.push_back(text[i++]);
      }
      if (name.empty()) {
        problem("has an odd character among its attributes", text.substr(0, 60));
        return false;
      }
      std::string value;
      if (text.compare(i, 2, "=\"") == 0) {
        const auto end = text.find('"', i + 2);
        value = text.substr(i + 2, end - i - 2);
        i = end == std::string::npos ? text.size() : end + 1;
      }
      element.attributes.emplace_back(name, value);
    }
    return false;
  }

  void check_links() {
    std::set<std::string> ids;
    for (const Element& element : elements_) {
      for (const auto& [name, value] : element.attributes) {
        if (name == "id" && !ids.insert(value).second) problem("is used twice", "id " + value);
      }
    }
    for (const Element& element : elements_) {
      for (const auto& [name, value] : element.attributes) {
        const bool link = name == "href" && !value.empty() && value[0] == '#';
        const bool other = name == "data-copy" || name == "data-shows" || name == "aria-labelledby";
        if (link && ids.count(value.substr(1)) == 0) problem("leads nowhere", value);
        if (other && ids.count(value) == 0) problem("leads nowhere", value);
      }
    }
  }

  const std::string& html_;
  std::size_t at_ = 0;
  std::vector<std::string> open_;
  std::vector<Element> elements_;
  std::vector<std::string> problems_;
};

/// The page's data; throws if they are no JSON.
inline nlohmann::json data_of(const std::string& html) {
  const std::string start = "<script type=\"application/json\" id=\"plots\">";
  const auto begin = html.find(start);
  if (begin == std::string::npos) return nullptr;
  const auto end = html.find("</script>", begin);
  return nlohmann::json::parse(html.substr(begin + start.size(), end - begin - start.size()));
}

}  // namespace markup_check
