"""The nets: an encoder that sees one picture, and heads that compare it with the neutral.

What the encoder says of a frame does not depend on the neutral, so it is computed once, while the video is
decoded, and a head answers for any neutral in milliseconds.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn

REGION_CODE: Final = 96
CROP_CODE: Final = 64


def _convolution(inputs: int, outputs: int, *, groups: int = 1, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class Encoder(nn.Module):
    """From what the mesh saw (`InnerMaps`) to a code of 160 numbers.

    Lips and eyes are convolved apart first (three groups), then together; the whole crop has its own branch, for
    the nose, the cheeks and the chin.
    """

    def __init__(self, region_scale: float, crop_scale: float) -> None:
        super().__init__()
        self.region_scale, self.crop_scale = region_scale, crop_scale
        self.size = REGION_CODE + CROP_CODE
        self.regions = nn.Sequential(
            nn.Dropout2d(0.1),
            _convolution(96, 144, groups=3, stride=2),
            _convolution(144, 144, groups=3),
            _convolution(144, 192, stride=2),
            nn.Flatten(),
            nn.Dropout(0.3),
            nn.Linear(192 * 16, REGION_CODE),
        )
        self.crop = nn.Sequential(
            nn.Dropout2d(0.1),
            _convolution(32, 48, stride=2),
            _convolution(48, 64),
            _convolution(64, 96, stride=2),
            _convolution(96, 96),
            nn.Flatten(),
            nn.Dropout(0.3),
            nn.Linear(96 * 36, CROP_CODE),
        )

    def forward(self, region_maps: Tensor, crop_map: Tensor) -> Tensor:
        """Code (n, 160) of maps (n, 96, 16, 16) and (n, 32, 24, 24)."""
        seen = self.regions(region_maps / self.region_scale)
        return torch.cat([seen, self.crop(crop_map / self.crop_scale)], 1)


class Head(nn.Module):
    """From a difference to the neutral, and the poses of both, to every target.

    Answers are (n, 2 × targets): intensities, unlimited, then the logarithms of their expected absolute errors.
    """

    def __init__(self, inputs: int, targets: int, *, width: int = 256) -> None:
        super().__init__()
        self.targets = targets
        self.body = nn.Sequential(
            nn.Dropout(0.1),
            nn.Linear(inputs, width),
            nn.ReLU(inplace=True),
            nn.Dropout(0.3),
            nn.Linear(width, width // 2),
            nn.ReLU(inplace=True),
            nn.Dropout(0.2),
        )
        self.answer = nn.Linear(width // 2, targets)
        self.doubt = nn.Linear(width // 2, targets)

    def forward(self, difference: Tensor) -> Tensor:
        hidden = self.body(difference)
        # what is doubted must not be learned through the doubt
        return torch.cat([self.answer(hidden), self.doubt(hidden.detach())], 1)


class Heads(nn.Module):
    """Several heads that answer together: the mean is steadier than any of them."""

    def __init__(self, heads: list[Head]) -> None:
        super().__init__()
        self.heads = nn.ModuleList(heads)
        self.targets = heads[0].targets

    def forward(self, difference: Tensor) -> Tensor:
        """Mean of the heads' answers (n, 2 × targets)."""
        return torch.stack([head(difference) for head in self.heads]).mean(0)


class Sight(nn.Module):
    """From the whole crop's map to how much of each part of the face is in view, as logits (n, parts)."""

    def __init__(self, crop_scale: float, parts: int) -> None:
        super().__init__()
        self.crop_scale = crop_scale
        self.crop = nn.Sequential(
            nn.Dropout2d(0.05),
            _convolution(32, 32, stride=2),
            _convolution(32, 48, stride=2),
            nn.Flatten(),
            nn.Dropout(0.3),
            nn.Linear(48 * 36, 64),
            nn.ReLU(inplace=True),
            nn.Dropout(0.2),
            nn.Linear(64, parts),
        )

    def forward(self, crop_map: Tensor) -> Tensor:
        logits: Tensor = self.crop(crop_map / self.crop_scale)
        return logits
