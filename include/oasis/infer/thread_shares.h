#pragma once

namespace oasis::infer {

/// Threads for the stages that run at the same time.
struct ThreadShares {
  int model = 1;   ///< tensor work
  int reader = 1;  ///< decoding, and conversion to RGB
  int writer = 1;  ///< conversion from RGB; the encoders' own number is fixed
};

/// Shares out `threads` (0: one per processor). A network is what takes the time: it gets all, and
/// the other two, which fill its gaps, a quarter each. Interpolation takes less time than coding:
/// all three get half.
ThreadShares share_threads(int threads, bool network);

}  // namespace oasis::infer
