#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace oasis::eval {

/// A video or a folder of images.
struct ClipPath {
  std::string name;  ///< of the file without extension, or of the folder
  std::filesystem::path path;
};

/// What of the outputs and the references belongs together.
struct ClipPair {
  std::string name;
  std::filesystem::path output;     ///< empty only with a `problem`
  std::filesystem::path reference;  ///< empty: none
  std::filesystem::path input;      ///< the low-quality clip, may be empty
  std::string problem;              ///< not empty: it cannot be evaluated, and why
};

/// The clips of a path, in natural order of their names: a video, a folder of images, or a folder
/// of videos and of folders of images (of both, single images beside them are ignored). Throws
/// `oasis::Error` (unreadable_input) if there is none.
std::vector<ClipPath> list_clips(const std::filesystem::path& path);

/// Pairs by name; one output and one reference belong together whatever their names. A clip without
/// partner and a name that occurs twice become pairs with a `problem`. `reference` may be empty (no
/// reference at all); from `input` those are taken whose names fit.
std::vector<ClipPair> pair_clips(const std::filesystem::path& output,
                                 const std::filesystem::path& reference,
                                 const std::filesystem::path& input = {});

}  // namespace oasis::eval
