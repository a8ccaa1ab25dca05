// The exponential of dense attention. Part of dense_attention_kernel.inl.

#if OASIS_VECTOR_BYTES == 64
constexpr float kExponentUnit = 1.44269504088896341F;  ///< arguments of `power` per logit

/// 2^x for x <= 0, -infinity included; NaN stays NaN. 2^f on [0, 1) is a polynomial of the least
/// relative error (Remez) among those that are 1 at 0: 9e-8 of degree 5, 3e-6 of degree 4.
template <int Degree>
OASIS_INLINE Vec<float> power(Vec<float> x) {
  using V = Vec<float>;
  const auto f =
      reinterpret_cast<V>(_mm512_maskz_reduce_ps(0xffff, reinterpret_cast<__m512>(x), 0x9));
  V y;
  if constexpr (Degree == 5) {
    y = f * 1.867130072e-3F + 9.017030316e-3F;
    y = y * f + 5.579991311e-2F;
    y = y * f + 2.401644502e-1F;
    y = y * f + 6.931513118e-1F;
  } else {
    y = f * 1.342668429e-2F + 5.224247419e-2F;
    y = y * f + 2.412802048e-1F;
    y = y * f + 6.930448449e-1F;
  }
  y = y * f + 1.0F;
  return reinterpret_cast<V>(
      _mm512_maskz_scalef_ps(0xffff, reinterpret_cast<__m512>(y), reinterpret_cast<__m512>(x)));
}
#else
constexpr float kExponentUnit = 1;

template <int Degree>
OASIS_INLINE Vec<float> power(Vec<float> x) {
  return exponential(x);
}
#endif
