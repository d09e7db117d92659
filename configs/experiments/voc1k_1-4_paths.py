# The nine stages of the paper, for one seed. In the work dir of voc1k_1-4_policies
# it goes on with their stages.
_base_ = './voc1k_1-4_policies.py'
train_cfg = dict(
    policy=dict(
        policies={
            'RIST, 9 stages': dict(type='RIST', num_stages=9, num_paths=2),
            'labels only, 9 stages': dict(type='FIST', num_stages=9, alpha=1),
        },
    )
)
experiment = dict(seeds=[0])
