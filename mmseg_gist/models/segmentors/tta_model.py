import torch
from mmengine.structures import PixelData
from mmseg.models import SegTTAModel
from mmseg.registry import MODELS
from mmseg.utils import SampleList


@MODELS.register_module()
class LogitsTTAModel(SegTTAModel):
    """mmseg's test-time augmentation, whose samples also have ``seg_logits``.

    Their softmax is the mean of the probabilities of all views. With one channel,
    ``seg_logits`` are the mean itself, since mmseg's segmentors then return a
    probability. (SegTTAModel applies the sigmoid once more, so nearly all pixels become
    foreground.) A single view does not change.
    """

    def merge_preds(self, data_samples_list: list[SampleList]) -> SampleList:
        """Merges the views of each image.

        Args:
            data_samples_list (list): For each image the samples of its views.

        Returns:
            list: A sample per image, with ``pred_sem_seg`` (1, H, W) and
            ``seg_logits`` (C, H, W).
        """
        if all(len(views) == 1 for views in data_samples_list):
            # a softmax rounds, so it could tie the most probable class with another
            return [view for (view,) in data_samples_list]
        merged = super().merge_preds(data_samples_list)
        for views, sample in zip(data_samples_list, merged):
            logits = torch.stack([view.seg_logits.data for view in views])
            if logits.shape[1] == 1:
                mean = logits.mean(dim=0)
                label = (mean > self.module.decode_head.threshold).to(mean)
                sample.set_data(dict(pred_sem_seg=PixelData(data=label)))
            else:
                mean = logits.softmax(dim=1).mean(dim=0).log()
            sample.set_data(dict(seg_logits=PixelData(data=mean)))
        return merged
