#!/usr/bin/env bash
# Train on a Slurm cluster:
#   [GPUS=4] [GPUS_PER_NODE=4] [CPUS_PER_TASK=5] [SRUN_ARGS='...'] \
#       tools/slurm_train.sh PARTITION JOB_NAME CONFIG [arguments of train.py]
set -euo pipefail
usage="usage: $0 PARTITION JOB_NAME CONFIG [arguments of train.py]"
partition=${1:?$usage}
job_name=${2:?$usage}
config=${3:?$usage}
shift 3
read -ra srun_args <<< "${SRUN_ARGS:-}"

tools=$(dirname "$0")
export PYTHONPATH="$tools/..${PYTHONPATH:+:$PYTHONPATH}"
srun --partition="$partition" \
    --job-name="$job_name" \
    --gres="gpu:${GPUS_PER_NODE:-4}" \
    --ntasks="${GPUS:-4}" \
    --ntasks-per-node="${GPUS_PER_NODE:-4}" \
    --cpus-per-task="${CPUS_PER_TASK:-5}" \
    --kill-on-bad-exit=1 \
    "${srun_args[@]}" \
    python -u "$tools/train.py" "$config" --launcher slurm "$@"
