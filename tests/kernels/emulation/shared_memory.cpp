#include "shared_memory.h"

#include <fmt/format.h>

#include <cstring>

#include "block_run.h"

namespace oasis::kernels::emulation {
namespace {

constexpr int kCellBytes = 2;
constexpr int kPoison = 0xff;  ///< a NaN in every floating-point format
constexpr std::uint32_t kWarp = 32;

}  // namespace

void SharedMemory::begin_block(int bytes) {
  bytes_ = bytes;
  ++block_;
  ++epoch_;
  const auto size = static_cast<std::size_t>(bytes);
  if (data_.size() < size) data_.resize(size);
  if (cells_.size() < size / kCellBytes + 1) cells_.resize(size / kCellBytes + 1);
  if (size > 0) std::memset(data_.data(), kPoison, size);
}

bool SharedMemory::races(const Access& earlier, const Accessor& who) const {
  if (earlier.epoch != epoch_ || earlier.thread == who.thread) return false;
  return earlier.thread / kWarp != who.thread / kWarp || earlier.warp_epoch == who.warp_epoch;
}

void SharedMemory::check_copying(const Cell& cell, int offset, const char* action,
                                 const Location& where) const {
  if (cell.copying_block != block_) return;
  fault(
      FaultKind::pending_copy,
      fmt::format("{} of shared byte {} before the cp.async to it was waited for", action, offset),
      where);
}

void SharedMemory::note_reader(Cell& cell, const Access& access) const {
  const auto& last = cell.reader;
  if (last.epoch == epoch_ && last.thread != access.thread) {
    const bool same_warp = last.thread / kWarp == access.thread / kWarp;
    (same_warp ? cell.reader_of_same_warp : cell.reader_of_other_warp) = last;
  }
  cell.reader = access;
}

void SharedMemory::check_read(int offset, int count, const Accessor& who, const Location& where) {
  for (int at = offset; at < offset + count; at += kCellBytes) {
    Cell& cell = cells_[static_cast<std::size_t>(at / kCellBytes)];
    check_copying(cell, at, "read", where);
    if (cell.written_block != block_) {
      fault(FaultKind::uninitialised_read,
            fmt::format("read of {} bytes at shared byte {}, which this block has not written",
                        count, at),
            where);
    }
    if (races(cell.writer, who)) {
      fault(FaultKind::race,
            fmt::format("read of shared byte {}, written by thread {} with no barrier between", at,
                        cell.writer.thread),
            where);
    }
    note_reader(cell, {epoch_, who.thread, who.warp_epoch});
  }
}

void SharedMemory::write_cell(Cell& cell, int offset, const Accessor& who, const Location& where) {
  check_copying(cell, offset, "write", where);
  for (const auto* other :
       {&cell.writer, &cell.reader, &cell.reader_of_same_warp, &cell.reader_of_other_warp}) {
    if (!races(*other, who)) continue;
    fault(FaultKind::race,
          fmt::format("write of shared byte {}, {} by thread {} with no barrier between", offset,
                      other == &cell.writer ? "written" : "read", other->thread),
          where);
  }
  cell.writer = {epoch_, who.thread, who.warp_epoch};
}

void SharedMemory::check_write(int offset, int count, const Accessor& who, const Location& where) {
  for (int at = offset; at < offset + count; at += kCellBytes) {
    Cell& cell = cells_[static_cast<std::size_t>(at / kCellBytes)];
    write_cell(cell, at, who, where);
    cell.written_block = block_;
  }
}

void SharedMemory::begin_copy(int offset, int count, const Accessor& who, const Location& where) {
  for (int at = offset; at < offset + count; at += kCellBytes) {
    Cell& cell = cells_[static_cast<std::size_t>(at / kCellBytes)];
    write_cell(cell, at, who, where);
    cell.copying_block = block_;
  }
  std::memset(data_.data() + offset, kPoison, static_cast<std::size_t>(count));
}

void SharedMemory::finish_copy(int offset, int count, const Accessor& who) {
  for (int at = offset; at < offset + count; at += kCellBytes) {
    Cell& cell = cells_[static_cast<std::size_t>(at / kCellBytes)];
    cell.copying_block = 0;
    cell.written_block = block_;
    cell.writer = {epoch_, who.thread, who.warp_epoch};
  }
}

}  // namespace oasis::kernels::emulation
