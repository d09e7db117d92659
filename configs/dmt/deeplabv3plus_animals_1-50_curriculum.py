# DMT's curriculum: stage by stage more of the pseudo-labels, with one human-labeled
# image to seven others. All images of a batch weigh the same: alpha is 1 / 8.
_base_ = '../gist/deeplabv3plus_animals_1-50_rist.py'
train_cfg = dict(
    policy=dict(_delete_=True, type='FIST', num_stages=5, alpha=0.125),
    label_erase=dict(_delete_=True, keep=[0.2, 0.4, 0.6, 0.8, 1.0]),
    refinement=dict(
        train_dataloader=dict(batch_size=1), unlabeled_dataloader=dict(batch_size=7)
    ),
)
