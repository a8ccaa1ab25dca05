#pragma once

#include <device_intrinsics.h>
#include <test_memory.h>

#include <cmath>
#include <cstdint>
#include <random>

/// Arrays of kernel elements on the heap, read and written as double by the references.
namespace oasis::kernels {

inline std::size_t bytes_of(Element element) { return element == Element::f32 ? 4 : 2; }

/// Largest relative error of rounding to the element, doubled to leave room for fp32 arithmetic.
inline double tolerance_of(Element element) {
  if (element == Element::f32) return 4e-6;
  return element == Element::bf16 ? 0x1p-8 : 0x1p-11;
}

inline const char* name_of(Element element) {
  if (element == Element::f32) return "f32";
  return element == Element::bf16 ? "bf16" : "f16";
}

inline constexpr Element kElements[] = {Element::f32, Element::bf16, Element::f16};

class ElementArray {
 public:
  /// `count` elements, all NaN, `offset` elements after a 16-byte boundary.
  ElementArray(Element element, std::size_t count, std::size_t offset = 0)
      : element_(element),
        count_(count),
        offset_(offset * bytes_of(element)),
        bytes_((count * bytes_of(element)) + offset_, 0xff) {}

  Element element() const { return element_; }
  std::size_t size() const { return count_; }
  void* data() { return bytes_.data() + offset_; }
  const void* data() const { return bytes_.data() + offset_; }
  void* at(std::size_t i) { return bytes_.data() + offset_ + i * bytes_of(element_); }

  double get(std::size_t i) const {
    double value = 0.0;
    with_element(element_, [&](auto type) {
      typename decltype(type)::Type x;
      std::memcpy(&x, bytes_.data() + offset_ + i * sizeof x, sizeof x);
      value = to_float(x);
    });
    return value;
  }

  void set(std::size_t i, double value) {
    with_element(element_, [&](auto type) {
      const auto x = from_float<typename decltype(type)::Type>(static_cast<float>(value));
      std::memcpy(bytes_.data() + offset_ + i * sizeof x, &x, sizeof x);
    });
  }

  void fill_normal(std::uint32_t seed, double mean = 0.0, double deviation = 1.0) {
    std::mt19937 random(seed);
    std::normal_distribution<double> normal(mean, deviation);
    for (std::size_t i = 0; i < count_; ++i) set(i, normal(random));
  }

  bool operator==(const ElementArray& other) const {
    return element_ == other.element_ && bytes_ == other.bytes_;
  }

 private:
  Element element_;
  std::size_t count_;
  std::size_t offset_;
  TestArray<std::uint8_t> bytes_;
};

inline TestArray<float> normal_floats(std::size_t count, std::uint32_t seed, double mean = 0.0,
                                      double deviation = 1.0) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal(mean, deviation);
  TestArray<float> values(count);
  for (auto& value : values) value = static_cast<float>(normal(random));
  return values;
}

}  // namespace oasis::kernels
