# Table II, Fig. 7, Table III, Table IV: fifteen random paths and wider beams, for
# one seed, and the nine stages of the paper. In the work dir of
# camvid_1-16_policies it goes on with their stages.
_base_ = './camvid_1-16_policies.py'
train_cfg = dict(
    policy=dict(
        policies={
            'RIST 15': dict(type='RIST', num_stages=4, num_paths=15),
            'GIST 2': dict(type='GIST', num_stages=4, beam_size=2),
            'GIST 3': dict(type='GIST', num_stages=4, beam_size=3),
            'RIST, 9 stages': dict(type='RIST', num_stages=9, num_paths=2),
            'labels only, 9 stages': dict(type='FIST', num_stages=9, alpha=1),
        },
    )
)
experiment = dict(seeds=[0])
