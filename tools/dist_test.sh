#!/usr/bin/env bash
# Test on several GPUs of this machine, or of NNODES machines:
#   tools/dist_test.sh CONFIG CHECKPOINT GPUS [arguments of test.py]
set -euo pipefail
usage="usage: $0 CONFIG CHECKPOINT GPUS [arguments of test.py]"
config=${1:?$usage}
checkpoint=${2:?$usage}
gpus=${3:?$usage}
shift 3

tools=$(dirname "$0")
export PYTHONPATH="$tools/..${PYTHONPATH:+:$PYTHONPATH}"
python -m torch.distributed.run \
    --nnodes="${NNODES:-1}" \
    --node_rank="${NODE_RANK:-0}" \
    --master_addr="${MASTER_ADDR:-127.0.0.1}" \
    --master_port="${PORT:-29500}" \
    --nproc_per_node="$gpus" \
    "$tools/test.py" "$config" "$checkpoint" --launcher pytorch "$@"
