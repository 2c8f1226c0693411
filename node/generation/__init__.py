"""What a trained model makes: images and texts that anyone who has the checkpoint can make again.

Read in this order: `base` (a generation and how it is sampled), `noise` (randomness every machine draws alike), `task`
(what a generative task can do), `models` (from a checkpoint to a model).
"""

from node.generation.base import Generation, GenerationError, Sampling

__all__ = ["Generation", "GenerationError", "Sampling"]
