"""Task `flow`: a model that draws handwritten digits of the class it is asked for.

Conditional flow matching on straight paths (Lipman et al., ICLR 2023, arXiv:2210.02747, section 4.1 with sigma_min 0):
x_t = (1 - t) x_0 + t x_1 from noise x_0 to image x_1, with velocity x_1 - x_0 = (x_1 - x_t) / (1 - t). The network
learns x_1, and images are drawn by Euler steps of equal length along the velocity. Digits are scikit-learn's (8 x 8),
or MNIST's (28 x 28) if there is a folder of them.

Shape legend: B = images of a batch, F = pixels, S = steps.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from node.generation.base import Generation, GenerationError, Sampling
from node.generation.noise import check_seeds, normal_noise
from node.manifest import Q16_ONE, LocalTraining, Manifest, SpotChecks
from node.tasks.base import Evaluation, Options, Shard
from node.tasks.defaults import propose, tensors_of
from node.tasks.digits import digits_images
from node.tasks.flow_model import FlowModel
from node.tasks.mnist import mnist_images
from node.tasks.nearest import nearest_labels
from node.tasks.options import OptionReader
from node.tasks.perceptron import Images
from node.tasks.splits import Split, partition

CLASS_COUNT: Final = 10
EULER_STEPS: Final = 20
SIDES: Final = {"digits": 8, "mnist": 28}  # pixels
BRIGHTEST: Final = {"digits": 16, "mnist": 255}

_EVALUATED: Final = 512  # held-out images of the loss
_DRAWN: Final = 100  # images of the accuracy, all classes alike
_REFERENCES: Final = 5000  # training images they are compared with


class FlowTask:
    """Options: `dataset`, digits or mnist (mnist by default where there is a data folder), `width` and `blocks`.

    Images are read when they are first needed: whoever only draws needs none.
    """

    name = "flow"

    def __init__(self, *, data_dir: Path | None, options: Options) -> None:
        read = OptionReader(self.name, options)
        self._dataset = read.word("dataset", "digits" if data_dir is None else "mnist", among=SIDES)
        self._width, self._blocks = read.number("width", 128, most=1 << 12), read.number("blocks", 2, most=64)
        read.finish()
        self._data_dir = data_dir

    @cached_property
    def _images(self) -> tuple[Images, Images]:
        return digits_images() if self._dataset == "digits" else mnist_images(self.name, self._data_dir)

    @cached_property
    def test(self) -> Shard:
        """The held-out images."""
        held_out = self._images[1]
        return Shard(torch.from_numpy(held_out.pixels), torch.from_numpy(held_out.labels).long(), CLASS_COUNT)

    @property
    def default_sampling(self) -> Sampling:
        """20 Euler steps: the loss is learned at all times, but more steps show nothing that people would see."""
        return Sampling("euler", EULER_STEPS)

    def model(self) -> nn.Module:
        """A FlowModel with all parameters zero."""
        return FlowModel(SIDES[self._dataset] ** 2, CLASS_COUNT, width=self._width, blocks=self._blocks)

    def shards(self, count: int, split: Split, seed: int) -> list[Shard]:
        """Cut the training images; equal arguments give equal shards."""
        train = self._images[0]
        parts = partition(train.labels, count, split, np.random.Generator(np.random.PCG64(seed)))
        pixels, labels = torch.from_numpy(train.pixels), torch.from_numpy(train.labels).long()
        return [Shard(pixels[part], labels[part], CLASS_COUNT) for part in map(torch.from_numpy, parts)]

    def loss(self, model: nn.Module, batch: Shard, generator: torch.Generator) -> torch.Tensor:
        """Mean squared error of the picture expected at a random time of the way from random noise to each image.

        It is the velocity's error times (1 - t)^2: near the end of the way a velocity shows the smallest flaw of the
        picture enlarged, and learning would be about little else.
        """
        images = self._scaled(batch.inputs)
        noise = torch.randn(images.shape, generator=generator)
        times = torch.rand(len(images), generator=generator)
        under_way = torch.lerp(noise, images, times.unsqueeze(1))
        return functional.mse_loss(model(under_way, times, batch.labels), images)

    def evaluate(self, model: nn.Module) -> Evaluation:
        """The loss on held-out images, noise and times always the same, and the part of 100 drawn images whose nearest
        training image is of the class that was asked for."""
        with torch.inference_mode():
            held_out = self.test.take(torch.arange(min(_EVALUATED, len(self.test))))
            loss = float(self.loss(model, held_out, torch.Generator().manual_seed(0)))
        asked = [str(number % CLASS_COUNT) for number in range(_DRAWN)]
        seeds = [hashlib.sha256(b"swarmproof flow evaluation %d" % number).digest() for number in range(_DRAWN)]
        try:
            drawn = self.generate(model, asked, seeds, self.default_sampling)
        except GenerationError:  # a model that diverged draws nothing
            return Evaluation(0.0, loss)
        pixels = np.stack([item.content.astype(np.uint8).ravel() for item in drawn])
        train = self._images[0]
        references = train.pixels[:_REFERENCES].astype(np.uint16) * 255 // BRIGHTEST[self._dataset]
        shown = nearest_labels(pixels, references.astype(np.uint8), train.labels[:_REFERENCES])
        return Evaluation(float((shown == np.array(asked, dtype=np.int64)).mean()), loss)

    def check_prompt(self, prompt: str) -> str:
        """The class as one digit, "0" to "9". Raises GenerationError."""
        digit = prompt.strip()
        if digit not in map(str, range(CLASS_COUNT)):
            raise GenerationError(f"prompt {prompt[:64]!r}: task flow draws one digit, expected 0 to {CLASS_COUNT - 1}")
        return digit

    def generate(
        self, model: nn.Module, prompts: Sequence[str], seeds: Sequence[bytes], sampling: Sampling
    ) -> list[Generation]:
        """Draw an image of each prompt's digit from its seed's noise. See `GenerativeTask.generate`."""
        check_seeds(prompts, seeds)
        if sampling.sampler != "euler":
            raise GenerationError(f"task flow draws with sampler euler, not {sampling.sampler}")
        labels = torch.tensor([int(self.check_prompt(prompt)) for prompt in prompts])
        side = SIDES[self._dataset]
        path = [torch.from_numpy(normal_noise(seeds, side * side))]
        with torch.inference_mode():
            for step in range(sampling.steps):
                picture = model(path[-1], torch.full((len(labels),), step / sampling.steps), labels)
                # One step of length 1 / S at velocity (picture - image) / (1 - t), where 1 - t = (S - step) / S.
                path.append(path[-1] + (picture - path[-1]) / (sampling.steps - step))
        traces_BSF = torch.stack(path, dim=1).numpy()
        pixels = np.rint((np.clip(traces_BSF[:, -1], -1, 1) + 1) * 127.5).reshape(len(labels), side, side)
        return [
            Generation("image", image, trace.copy())
            for image, trace in zip(pixels.astype(np.uint8), traces_BSF, strict=True)
        ]

    def default_manifest(self, **overrides: Any) -> Manifest:
        """A manifest that trains well; `overrides` replace its fields. Raises TaskError without the images."""
        _ = self._images
        fields = {
            "tensors": tensors_of(self.model(), 256),
            "shard_count": 8,
            "byzantine": 2,
            "alpha_q16": Q16_ONE,
            "beta_q16": Q16_ONE * 9 // 10,
            "local": LocalTraining("adamw", steps=40, batch_size=64, learning_rate_millionths=3000),
            "checks": SpotChecks(seats=2),  # a replay takes as long as training: of 8 seats a quarter
        }
        options: Options = {"dataset": self._dataset, "width": self._width, "blocks": self._blocks}
        return propose(self.name, options, fields, overrides)

    def _scaled(self, pixels: torch.Tensor) -> torch.Tensor:
        """Pixels uint8 (B, F) as float32 from -1 to 1."""
        return pixels.to(torch.float32) * (2 / BRIGHTEST[self._dataset]) - 1
