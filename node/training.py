"""Local training: from the swarm's integer parameters to the vector one seat wants subtracted from them.

Floats live only here and in the codec's encoder; what leaves the machine is integers.

Shape legend: d = parameters.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import safetensors.numpy
import torch
from safetensors import SafetensorError
from torch import nn

from node.checkpoint import dequantise, flatten, unflatten
from node.durable_directory import write_durably
from node.errors import ManifestError, NodeError, StateError
from node.manifest import Q16_ONE, LocalTraining, Manifest
from node.tasks.base import Shard, Task

FloatVector = npt.NDArray[np.float32]

_RESIDUAL = "residual"
ADAM_BETAS = (0.9, 0.95)  # Vaswani et al. and most language-model recipes; short runs need the faster second moment


class TrainingDiverged(NodeError):
    """Local steps ended in parameters that are not finite."""

    def __init__(self, round_number: int) -> None:
        super().__init__(f"round {round_number}: local training diverged, its update is not finite")
        self.round = round_number


@dataclass(frozen=True, eq=False)
class LocalState:
    """A seat's training between two local steps: all that the following steps depend on.

    `parameters` float32 (d,); `moments`: what the optimizer remembers, float32 (d,) each, in the order of `moments_of`.
    """

    parameters: FloatVector
    moments: tuple[FloatVector, ...]


class Trainer:
    """Trains one seat's shard. `seed` and `seat` fix the order of batches.

    Raises ManifestError if the manifest's tensors are not the parameters of the task's model.
    """

    def __init__(self, task: Task, manifest: Manifest, shard: Shard, *, seat: int, seed: int) -> None:
        self._task, self._manifest, self._shard, self._seat, self._seed = task, manifest, shard, seat, seed
        self._model = task.model()
        check_parameters(self._model, manifest)

    def pseudo_gradient(self, theta: npt.NDArray[np.int32], round_number: int) -> FloatVector:
        """theta minus what the local steps make of it, float32 (d,). `theta`: int32 (d,) on the manifest's grid.

        A pure function of theta and round: the optimizer starts afresh, so a peer that restarts repeats itself bit by
        bit on the same machine. Raises TrainingDiverged.
        """
        start = self.start(theta)
        end = self.advance(start, round_number, range(self._manifest.local.steps))
        return start.parameters - end.parameters

    def start(self, theta: npt.NDArray[np.int32]) -> LocalState:
        """Where a round's local training begins: the swarm's parameters, and an optimizer that knows nothing."""
        parameters = dequantise(theta, self._manifest)
        return LocalState(parameters, tuple(np.zeros_like(parameters) for _ in moments_of(self._manifest.local)))

    def advance(self, state: LocalState, round_number: int, steps: range) -> LocalState:
        """What local steps number `steps` of a round make of `state`, the state before the first of them.

        The batch and the random numbers of a step depend on its number alone, so a round cut into parts ends in the
        same bits. Raises TrainingDiverged.
        """
        with one_thread():
            load_parameters(self._model, unflatten(state.parameters, self._manifest))
            optimizer = local_optimizer(self._model, self._manifest.local)
            self._restore(optimizer, state, steps.start)
            self._local_steps(optimizer, round_number, steps)
            end = self._state_of(optimizer)
        if not all(np.isfinite(vector).all() for vector in (end.parameters, *end.moments)):
            raise TrainingDiverged(round_number)
        return end

    def _restore(self, optimizer: torch.optim.Optimizer, state: LocalState, steps_done: int) -> None:
        names = moments_of(self._manifest.local)
        moments = [unflatten(moment, self._manifest) for moment in state.moments]
        for name, parameter in self._model.named_parameters():
            known = {key: torch.from_numpy(moment[name].copy()) for key, moment in zip(names, moments, strict=True)}
            optimizer.state[parameter] = {"step": torch.tensor(float(steps_done)), **known}

    def _state_of(self, optimizer: torch.optim.Optimizer) -> LocalState:
        named = dict(self._model.named_parameters())
        parameters = {name: parameter.detach().numpy() for name, parameter in named.items()}
        moments = [
            {name: optimizer.state[parameter][key].numpy() for name, parameter in named.items()}
            for key in moments_of(self._manifest.local)
        ]
        flat = [flatten(tensors, self._manifest) for tensors in (parameters, *moments)]
        return LocalState(flat[0], tuple(flat[1:]))

    def _local_steps(self, optimizer: torch.optim.Optimizer, round_number: int, steps: range) -> None:
        order = batches(len(self._shard), self._manifest.local, batch_seed(self._seed, self._seat, round_number))
        self._model.train()
        for step, indices in enumerate(itertools.islice(order, steps.stop)):
            if step not in steps:
                continue
            generator = torch.Generator().manual_seed(step_seed(self._seed, self._seat, round_number, step))
            optimizer.zero_grad()
            self._task.loss(self._model, self._shard.take(indices), generator).backward()  # type: ignore[no-untyped-call]
            optimizer.step()


class ErrorFeedback:
    """What earlier messages left out, carried into the next one (Seide et al., 2014; decay as in DeMo).

    Each round: e <- beta e + update; message = encode(e); e <- e - decode(message). `beta_q16` is beta times 2^16.
    """

    def __init__(self, parameter_count: int, *, beta_q16: int) -> None:
        self.residual: FloatVector = np.zeros(parameter_count, dtype=np.float32)
        self._beta = np.float32(beta_q16 / Q16_ONE)

    def corrected(self, update: FloatVector) -> FloatVector:
        """The vector to encode: what was left out plus this round's `update`, float32 (d,)."""
        self.residual = self._beta * self.residual + update
        return self.residual.copy()

    def sent(self, decoded: FloatVector) -> None:
        """Take out what the message says, `decoded` float32 (d,), so that the rest waits for the next round."""
        self.residual = self.residual - decoded

    def save(self, path: Path) -> None:
        """Write the residual as safetensors; after a crash the file is absent or whole."""
        write_durably(path, safetensors.numpy.save({_RESIDUAL: self.residual}))

    @classmethod
    def load(cls, path: Path, parameter_count: int, *, beta_q16: int) -> ErrorFeedback:
        """Read what `save` wrote. Raises StateError for a file that is missing, damaged or of another model."""
        try:
            tensors = safetensors.numpy.load(path.read_bytes())
        except (OSError, SafetensorError, KeyError, ValueError) as error:
            raise StateError(f"error feedback {path} cannot be read: {error}") from error
        residual = tensors.get(_RESIDUAL)
        if residual is None or residual.shape != (parameter_count,) or residual.dtype != np.float32:
            raise StateError(f"error feedback {path} does not hold {parameter_count} float32 values")
        if not np.isfinite(residual).all():
            raise StateError(f"error feedback {path} holds values that are not finite")
        feedback = cls(parameter_count, beta_q16=beta_q16)
        feedback.residual = residual.copy()
        return feedback

    @classmethod
    def load_or_clear(cls, path: Path, parameter_count: int, *, beta_q16: int) -> ErrorFeedback:
        """Like `load`, but zeros where there is no file: a first round, or a peer that missed one and rejoins."""
        if path.exists():
            return cls.load(path, parameter_count, beta_q16=beta_q16)
        return cls(parameter_count, beta_q16=beta_q16)


def batch_seed(seed: int, seat: int, round_number: int) -> int:
    """Seed of a seat's order of batches in a round, below 2^63."""
    return _seed_of(f"swarmproof batches {seed} {seat} {round_number}")


def step_seed(seed: int, seat: int, round_number: int, step: int) -> int:
    """Seed of what one local step draws (noise, times), below 2^63. `step` counts from 0."""
    return _seed_of(f"swarmproof step {seed} {seat} {round_number} {step}")


def batches(example_count: int, local: LocalTraining, seed: int) -> Iterator[torch.Tensor]:
    """Indices of each local step, int64 (batch,): epochs in random order, cut into batches, begun anew when used up.

    A shard smaller than a batch gives all its examples each time.
    """
    generator = torch.Generator().manual_seed(seed)
    size = min(local.batch_size, example_count)
    order, start = torch.randperm(example_count, generator=generator), 0
    for _ in range(local.steps):
        if start + size > example_count:
            order, start = torch.randperm(example_count, generator=generator), 0
        yield order[start : start + size]
        start += size


def local_optimizer(model: nn.Module, local: LocalTraining) -> torch.optim.Optimizer:
    """The optimizer the manifest asks for. Its momentum is beta_1 of AdamW or the momentum of SGD."""
    rate, decay = local.learning_rate_millionths / 1e6, local.weight_decay_millionths / 1e6
    momentum = local.momentum_thousandths / 1e3
    if local.optimizer == "sgd":
        return torch.optim.SGD(model.parameters(), lr=rate, momentum=momentum, weight_decay=decay, foreach=False)
    return torch.optim.AdamW(
        model.parameters(), lr=rate, betas=(momentum, ADAM_BETAS[1]), weight_decay=decay, foreach=False
    )


def moments_of(local: LocalTraining) -> tuple[str, ...]:
    """Names under which the optimizer keeps one number a parameter from step to step."""
    if local.optimizer == "adamw":
        return ("exp_avg", "exp_avg_sq")
    return ("momentum_buffer",) if local.momentum_thousandths else ()


def check_parameters(model: nn.Module, manifest: Manifest) -> None:
    """Raise ManifestError unless the manifest lists exactly the model's parameters, in any order."""
    found = {name: tuple(parameter.shape) for name, parameter in model.named_parameters()}
    listed = {tensor.name: tensor.shape for tensor in manifest.tensors}
    for name in sorted(found.keys() | listed.keys()):
        if found.get(name) != listed.get(name):
            raise ManifestError(
                f"tensor {name}: the task's model has {found.get(name, 'none')}, "
                f"the manifest lists {listed.get(name, 'none')}"
            )


def load_parameters(model: nn.Module, tensors: dict[str, FloatVector]) -> None:
    """Copy float32 arrays into the model's parameters, by name."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(torch.from_numpy(tensors[name]))


def _seed_of(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch use one thread: peers share cores, and sums then have one order on a machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
