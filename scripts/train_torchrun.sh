#!/usr/bin/env bash
# Trains on the GPUs of one or several machines, started by torchrun (any PyTorch of version 2 has
# it; only torchrun itself is used, oasis-train links no Python).
#
#   scripts/train_torchrun.sh --config configs/stage1.yaml          one machine, all of its GPUs
#
# Several machines: the same line on each, at about the same time, with
#   NODES=2 HEAD=node1 scripts/train_torchrun.sh --config configs/stage1.yaml
#
#   NODES   machines (default 1)
#   HEAD    name of one of them, the meeting point (default: this machine)
#   PORT    free port of HEAD (default 29400)
#   GPUS    of each machine (default: all)
#   TRAIN   the program (default: build/bin/oasis-train of this repository)
#
# The output folder must be one folder for all machines, since every rank writes its piece of a
# checkpoint there. After a failure on any machine torchrun starts all ranks again (--max-restarts),
# and --resume auto goes on from the newest checkpoint. On one machine without PyTorch,
# `oasis-train --gpus N` does the same, without the restarts.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
nodes=${NODES:-1}
exec torchrun --no-python \
  --nnodes "$nodes" --nproc-per-node "${GPUS:-gpu}" \
  --rdzv-backend c10d --rdzv-endpoint "${HEAD:-$(hostname)}:${PORT:-29400}" --rdzv-id oasis \
  --max-restarts 3 \
  "${TRAIN:-$here/build/bin/oasis-train}" --device cuda --resume auto "$@"
