from mmengine.registry import Registry

POLICIES = Registry(
    'policy', scope='mmseg_gist', locations=['mmseg_gist.self_training.policies']
)
EXECUTORS = Registry(
    'executor', scope='mmseg_gist', locations=['mmseg_gist.self_training.executors']
)
