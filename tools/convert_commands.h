#pragma once

#include <CLI/CLI.hpp>

/// The subcommands of oasis-convert. Each adds its options to `app` and runs, once the command line
/// is read, as a callback; what it throws ends the program (docs/interfaces.md, "Exit codes").
namespace oasis::tools {

/// `init`: a model with initial weights, to be trained.
void add_init_command(CLI::App& app);

/// `wan`: from published Wan2.1 checkpoints to a model folder.
void add_wan_command(CLI::App& app);

/// `export`: a model folder's transformer under the names that other programs use.
void add_export_command(CLI::App& app);

/// `merge`: a model folder with a LoRA added to its transformer.
void add_merge_command(CLI::App& app);

/// `student`: a model folder with a new light decoder, to be trained.
void add_student_command(CLI::App& app);

/// `average`: the mean of several trainings of one model.
void add_average_command(CLI::App& app);

/// `pack`: a trained folder's averaged weights as a model folder to give away.
void add_pack_command(CLI::App& app);

/// `clip`: CLIP's RN50.pt to the weights of CLIP-IQA.
void add_clip_command(CLI::App& app);

/// `verify`: a model folder against the hashes in its model.yaml.
void add_verify_command(CLI::App& app);

}  // namespace oasis::tools
