#pragma once

#include <device_intrinsics.h>

#include <type_traits>

/// Neighbouring elements of a row, moved together and held as floats.
namespace oasis::kernels {

/// `count` elements; 8 are moved by 16-byte instructions and need a 16-byte aligned address.
template <int count, class T>
OASIS_DEVICE void load_floats(const T* source, float (&values)[count]) {
  if constexpr (count != 8) {
    OASIS_UNROLL for (int i = 0; i < count; ++i) values[i] = to_float(source[i]);
  } else if constexpr (std::is_same_v<T, float>) {
    const Vec16 low = load_16(source);
    const Vec16 high = load_16(source + 4);
    memcpy(values, &low, sizeof low);
    memcpy(values + 4, &high, sizeof high);
  } else {
    const Vec16 packed = load_16(source);
    OASIS_UNROLL for (int i = 0; i < 4; ++i) {
      unpack_2<T>(packed.words[i], values[2 * i], values[2 * i + 1]);
    }
  }
}

/// The same, rounded to nearest even.
template <int count, class T>
OASIS_DEVICE void store_floats(T* target, const float (&values)[count]) {
  if constexpr (count != 8) {
    OASIS_UNROLL for (int i = 0; i < count; ++i) target[i] = from_float<T>(values[i]);
  } else if constexpr (std::is_same_v<T, float>) {
    Vec16 low;
    Vec16 high;
    memcpy(&low, values, sizeof low);
    memcpy(&high, values + 4, sizeof high);
    store_16(target, low);
    store_16(target + 4, high);
  } else {
    Vec16 packed;
    OASIS_UNROLL for (int i = 0; i < 4; ++i) {
      packed.words[i] = pack_2<T>(values[2 * i], values[2 * i + 1]);
    }
    store_16(target, packed);
  }
}

/// Whether `load_floats<8>` may be used at `pointer` and at every multiple of 8 elements from it.
inline bool aligned_16(const void* pointer) {
  return reinterpret_cast<std::uintptr_t>(pointer) % 16 == 0;
}

}  // namespace oasis::kernels
