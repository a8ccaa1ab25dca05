// Words of bfloat16 by AVX512-BF16. Part of dense_attention_kernel.inl.

using Element = c10::BFloat16;

/// A word is two bfloat16 that belong to the same sum: channels of a query or key, or two keys.
/// Products are exact, sums in float.
struct Arithmetic {
  static constexpr std::int64_t kPerWord = 2;
  static constexpr int kDegree = 4;

  OASIS_INLINE static Vec<float> multiply_add(Vec<Word> a, Vec<Word> b, Vec<float> sum) {
    return reinterpret_cast<Vec<float>>(_mm512_dpbf16_ps(reinterpret_cast<__m512>(sum),
                                                         reinterpret_cast<__m512bh>(a),
                                                         reinterpret_cast<__m512bh>(b)));
  }
  OASIS_INLINE static Vec<Word> join(const Vec<float>* weights) {
    const auto apart = reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(
        reinterpret_cast<__m512>(weights[1]), reinterpret_cast<__m512>(weights[0])));
    typedef std::int16_t Shorts __attribute__((vector_size(64)));
    constexpr Shorts alternate = {0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
                                  8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
    return reinterpret_cast<Vec<Word>>(
        _mm512_permutexvar_epi16(reinterpret_cast<__m512i>(alternate), apart));
  }
  /// The words of kPanel channels of two tokens, the second of which may be absent (0).
  OASIS_INLINE static PanelLanes::Vec join_values(const c10::BFloat16* const* tokens,
                                                  std::int64_t d) {
    typedef std::uint16_t Shorts __attribute__((vector_size(2 * kPanel)));
    typedef std::uint32_t Longs __attribute__((vector_size(4 * kPanel)));
    const auto first = load<Shorts>(tokens[0] + d);
    const auto second = tokens[1] != nullptr ? load<Shorts>(tokens[1] + d) : Shorts{};
    return reinterpret_cast<PanelLanes::Vec>(__builtin_convertvector(first, Longs) |
                                             __builtin_convertvector(second, Longs) << 16);
  }
};
