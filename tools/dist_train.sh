#!/usr/bin/env bash
# Train on several GPUs of this machine, or of NNODES machines:
#   tools/dist_train.sh CONFIG GPUS [arguments of train.py]
set -euo pipefail
usage="usage: $0 CONFIG GPUS [arguments of train.py]"
config=${1:?$usage}
gpus=${2:?$usage}
shift 2

tools=$(dirname "$0")
export PYTHONPATH="$tools/..${PYTHONPATH:+:$PYTHONPATH}"
python -m torch.distributed.run \
    --nnodes="${NNODES:-1}" \
    --node_rank="${NODE_RANK:-0}" \
    --master_addr="${MASTER_ADDR:-127.0.0.1}" \
    --master_port="${PORT:-29500}" \
    --nproc_per_node="$gpus" \
    "$tools/train.py" "$config" --launcher pytorch "$@"
