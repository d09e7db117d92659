from .by_size_loops import BySizeTestLoop, BySizeValLoop
from .quiet_runner import BriefRunner, QuietRunner
from .semi_supervised_train_loop import SemiSupervisedTrainLoop
from .stage_train_loop import StageTrainLoop

__all__ = [
    'BriefRunner',
    'BySizeTestLoop',
    'BySizeValLoop',
    'QuietRunner',
    'SemiSupervisedTrainLoop',
    'StageTrainLoop',
]
