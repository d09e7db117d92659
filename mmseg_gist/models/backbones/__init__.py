from .deeplabv2_resnet import DeepLabV2ResNet
from .efficientnet_lite import EfficientNetLite

__all__ = ['DeepLabV2ResNet', 'EfficientNetLite']
