from .stage_train_loop import StageTrainLoop

__all__ = ['StageTrainLoop']
