from mmseg.registry import MODELS
from torch import Tensor, nn


@MODELS.register_module()
class ConsistencyLoss(nn.Module):
    """Distance between the pooled features of student and teacher, Eq. 4 to 8.

    Both feature maps are averaged over the image and go through dropout, each
    with its own mask; the loss is the mean absolute difference.

    The paper gives neither the weight nor the dropout rate r. With two masks the
    expected loss of features f, f* >= 0 is ``(1 - r) |f - f*| + r (f + f*)``: at
    r = 0.5 its slope is 0 below the teacher, so that the loss only shrinks
    features. A small r attracts them to the teacher's from both sides.

    Args:
        loss_weight (float): Defaults to 1.
        dropout_ratio (float): In [0, 1). Defaults to 0.1.
    """

    def __init__(self, loss_weight: float = 1.0, dropout_ratio: float = 0.1) -> None:
        super().__init__()
        self.loss_weight = loss_weight
        self.dropout = nn.Dropout(dropout_ratio)

    def forward(self, student: Tensor, teacher: Tensor) -> Tensor:
        """Eq. 8.

        Args:
            student (Tensor): (N, C, H, W), last features of the backbone.
            teacher (Tensor): (N, C, H, W), the same of the teacher.

        Returns:
            Tensor: Scalar.
        """
        student = self.dropout(student.mean(dim=(2, 3)))
        teacher = self.dropout(teacher.mean(dim=(2, 3)))
        return self.loss_weight * (student - teacher).abs().mean()
