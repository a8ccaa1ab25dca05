#pragma once

#include <fmt/format.h>

#include <concepts>
#include <cstddef>
#include <cstring>
#include <type_traits>

#include "block_run.h"

namespace oasis::kernels {
namespace emulation {

/// An index together with the source line that wrote it.
struct Index {
  std::ptrdiff_t value;
  Location where;

  template <std::integral I>
  Index(I i, Location at = Location::current())  // NOLINT: implicit by intent
      : value(static_cast<std::ptrdiff_t>(i)), where(at) {}
};

/// An array in the block's shared memory: bytes [begin, end).
struct Extent {
  int begin = 0;
  int end = 0;
};

/// Throws unless `count` bytes at `offset` lie in the extent, at a multiple of `alignment`.
inline void check_extent(const Extent& extent, int offset, int count, int alignment,
                         const Location& where) {
  if (offset < extent.begin || offset + count > extent.end) {
    fault(FaultKind::out_of_bounds,
          fmt::format("access to {} bytes at shared byte {}, outside the array [{}, {})", count,
                      offset, extent.begin, extent.end),
          where);
  }
  if (offset % alignment != 0) {
    fault(FaultKind::misaligned, fmt::format("access to {} bytes at shared byte {}", count, offset),
          where);
  }
}

/// Stands for one element of shared memory until it is read or written.
template <class T>
class SharedElement {
 public:
  using Value = std::remove_const_t<T>;

  SharedElement(const Extent& extent, int offset, const Location& where)
      : extent_(extent), offset_(offset), where_(where) {}

  operator Value() const {  // NOLINT: implicit by intent
    check_extent(extent_, offset_, sizeof(Value), alignof(Value), where_);
    auto& run = BlockRun::current();
    run.shared().check_read(offset_, sizeof(Value), run.thread().accessor(), where_);
    Value value;
    std::memcpy(static_cast<void*>(&value), run.shared().data() + offset_, sizeof(Value));
    return value;
  }

  SharedElement& operator=(const Value& value) requires(!std::is_const_v<T>) {
    check_extent(extent_, offset_, sizeof(Value), alignof(Value), where_);
    auto& run = BlockRun::current();
    run.shared().check_write(offset_, sizeof(Value), run.thread().accessor(), where_);
    std::memcpy(run.shared().data() + offset_, static_cast<const void*>(&value), sizeof(Value));
    return *this;
  }
  SharedElement& operator=(const SharedElement& other) { return *this = static_cast<Value>(other); }
  SharedElement(const SharedElement&) = default;

  SharedElement& operator+=(const Value& value) {
    return *this = static_cast<Value>(*this) + value;
  }
  SharedElement& operator-=(const Value& value) {
    return *this = static_cast<Value>(*this) - value;
  }
  SharedElement& operator*=(const Value& value) {
    return *this = static_cast<Value>(*this) * value;
  }

 private:
  Extent extent_;
  int offset_;
  Location where_;
};

}  // namespace emulation

/// Checked pointer to shared memory; it may point anywhere, only accesses are checked.
template <class T>
class SharedPtr {
  static_assert(sizeof(T) % 2 == 0, "the shadow memory counts pairs of bytes");
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  SharedPtr() = default;
  SharedPtr(const emulation::Extent& extent, int offset) : extent_(extent), offset_(offset) {}
  /// To const.
  template <class U>
  requires(std::is_same_v<const U, T> && !std::is_const_v<U>)
      SharedPtr(const SharedPtr<U>& other)  // NOLINT: implicit by intent
      : extent_(other.extent()), offset_(other.offset()) {}

  emulation::SharedElement<T> operator[](const emulation::Index& i) const {
    return {extent_, moved(i.value), i.where};
  }
  emulation::SharedElement<T> operator*() const {
    return {extent_, offset_, emulation::BlockRun::current().thread().where};
  }

  template <std::integral I>
  SharedPtr operator+(I n) const {
    return {extent_, moved(static_cast<std::ptrdiff_t>(n))};
  }
  template <std::integral I>
  SharedPtr operator-(I n) const {
    return {extent_, moved(-static_cast<std::ptrdiff_t>(n))};
  }
  template <std::integral I>
  SharedPtr& operator+=(I n) {
    return *this = *this + n;
  }

  const emulation::Extent& extent() const { return extent_; }
  int offset() const { return offset_; }

 private:
  int moved(std::ptrdiff_t n) const {
    return offset_ + static_cast<int>(n * static_cast<std::ptrdiff_t>(sizeof(T)));
  }

  emulation::Extent extent_;
  int offset_ = 0;
};

}  // namespace oasis::kernels
