"""The live curves of a run: one axis for all its stages."""

from .path import from_name
from .record import Record


def curve_points(record: Record, row: dict, classes: list[str]) -> dict[str, float]:
    """The points that a stage adds to the curves of its run.

    They are for the visualizer of the run itself (TensorBoard, W&B, local files); that
    of a stage has the stage's own losses. Their x is the number of stages that finished
    before. So a point is written once, by the process that sees the stage end, and a
    resumed run continues along the same axis.

    Args:
        record: The record, including the row.
        row (dict): The row of the stage that has just finished.
        classes: Names of the classes.

    Returns:
        dict: By the curve's name. ``dev_mIoU``, ``test_mIoU`` and
        ``best_dev_mIoU`` in percent, none for a failed stage; ``depth``,
        stages since stage 0; and ``share/<class>`` in percent, of the human
        labels (stage 0) or of the pseudo-labels that the stage trained on.
    """
    points = dict(depth=len(from_name(row['path'])))
    if row['status'] == 'finished':
        points['dev_mIoU'] = row['dev']['mIoU']
        points['best_dev_mIoU'] = record[record.best]['dev']['mIoU']
        if row['test']:
            points['test_mIoU'] = row['test']['mIoU']
    for name, share in zip(classes, row.get('class_shares', ())):
        points[f'share/{name}'] = share
    return {f'self_training/{name}': value for name, value in points.items()}
