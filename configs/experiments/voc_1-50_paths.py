# Table II, Fig. 7, Table IV: fifteen random paths and wider beams, for one seed. In
# the work dir of voc_1-50_policies it continues with their stages.
_base_ = './voc_1-50_policies.py'
train_cfg = dict(
    policy=dict(
        policies={
            'RIST 15': dict(type='RIST', num_stages=9, num_paths=15),
            'GIST 2': dict(type='GIST', num_stages=9, beam_size=2),
            'GIST 3': dict(type='GIST', num_stages=9, beam_size=3),
        }
    )
)
