// Words of float. Part of dense_attention_kernel.inl.

using Element = float;

/// A word is a float.
struct Arithmetic {
  static constexpr std::int64_t kPerWord = 1;
  static constexpr int kDegree = 5;

  OASIS_INLINE static Vec<float> multiply_add(Vec<Word> a, Vec<Word> b, Vec<float> sum) {
    return reinterpret_cast<Vec<float>>(a) * reinterpret_cast<Vec<float>>(b) + sum;
  }
  OASIS_INLINE static Vec<Word> join(const Vec<float>* weights) {
    return reinterpret_cast<Vec<Word>>(weights[0]);
  }
  /// The words of kPanel channels of one token.
  OASIS_INLINE static PanelLanes::Vec join_values(const float* const* tokens, std::int64_t d) {
    return load<PanelLanes::Vec>(tokens[0] + d);
  }
};
