from .helper_hook import HelperHook
from .mean_teacher_hook import MeanTeacherHook
from .non_finite_loss_hook import NonFiniteLossError, NonFiniteLossHook
from .prediction_hook import PredictionHook
from .progress_hook import ProgressHook
from .snapshot_hook import SnapshotHook

__all__ = [
    'HelperHook',
    'MeanTeacherHook',
    'NonFiniteLossError',
    'NonFiniteLossHook',
    'PredictionHook',
    'ProgressHook',
    'SnapshotHook',
]
