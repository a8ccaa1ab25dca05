#include "oasis/infer/thread_shares.h"

#include <algorithm>
#include <thread>

namespace oasis::infer {

ThreadShares share_threads(int threads, bool network) {
  const int all =
      threads > 0 ? threads : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  const int half = (all + 1) / 2;
  const int quarter = (all + 3) / 4;
  return network ? ThreadShares{all, quarter, quarter} : ThreadShares{half, half, half};
}

}  // namespace oasis::infer
