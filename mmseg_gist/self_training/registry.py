from mmengine.registry import Registry

# The scope of the configs, so that mmengine looks nowhere else.
POLICIES = Registry(
    'policy', scope='mmseg', locations=['mmseg_gist.self_training.policies']
)
EXECUTORS = Registry(
    'executor', scope='mmseg', locations=['mmseg_gist.self_training.executors']
)
