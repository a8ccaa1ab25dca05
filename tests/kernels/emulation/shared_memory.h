#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "emulator.h"

namespace oasis::kernels::emulation {

/// Who touches shared memory, and since which barriers.
struct Accessor {
  std::uint32_t thread = 0;
  std::uint32_t warp_epoch = 0;  ///< grows at every syncwarp of the thread's warp
};

/// The shared memory of the block that runs, with a shadow for every two bytes (no kernel stores a
/// single one): written in this block or not, awaiting a cp.async or not, and who wrote and read it
/// since the last barrier. Every access is checked first and faults by throwing KernelFault.
class SharedMemory {
 public:
  /// Poisons the first `bytes` and forgets what was written.
  void begin_block(int bytes);
  /// A block barrier: accesses before it no longer race with those after it.
  void pass_barrier() { ++epoch_; }

  int bytes() const { return bytes_; }
  std::byte* data() { return data_.data(); }

  void check_read(int offset, int count, const Accessor& who, const Location& where);
  void check_write(int offset, int count, const Accessor& who, const Location& where);
  /// A cp.async was issued: the bytes are poison until `finish_copy`.
  void begin_copy(int offset, int count, const Accessor& who, const Location& where);
  /// Its data arrive; the caller then stores them.
  void finish_copy(int offset, int count, const Accessor& who);

 private:
  struct Access {
    std::uint32_t epoch = 0;  ///< 0: none
    std::uint32_t thread = 0;
    std::uint32_t warp_epoch = 0;
  };
  struct Cell {
    std::uint32_t written_block = 0;
    std::uint32_t copying_block = 0;
    Access writer;
    Access reader;
    Access reader_of_same_warp;   ///< a lane other than `reader`'s
    Access reader_of_other_warp;  ///< a warp other than `reader`'s
  };

  bool races(const Access& earlier, const Accessor& who) const;
  void check_copying(const Cell& cell, int offset, const char* action, const Location& where) const;
  void note_reader(Cell& cell, const Access& access) const;
  void write_cell(Cell& cell, int offset, const Accessor& who, const Location& where);

  std::vector<std::byte> data_;
  std::vector<Cell> cells_;
  int bytes_ = 0;
  std::uint32_t epoch_ = 0;
  std::uint32_t block_ = 0;
};

}  // namespace oasis::kernels::emulation
