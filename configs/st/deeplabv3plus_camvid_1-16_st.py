# ST: one more training like stage 0's, with as many images labeled by stage 0's model.
_base_ = '../gist/deeplabv3plus_camvid_1-16_rist.py'
train_cfg = dict(
    policy=dict(_delete_=True, type='FIST', num_stages=1, alpha=0.5),
    restart=True,
    refinement=dict(
        train_dataloader=dict(batch_size=4), unlabeled_dataloader=dict(batch_size=4)
    ),
)
