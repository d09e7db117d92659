# Human labels only: what stage 0 of the self-training does.
_base_ = [
    '../_base_/models/deeplabv2_lite0_voc1k.py',
    '../_base_/datasets/voc1k_1-4.py',
    '../_base_/schedules/voc1k.py',
]
