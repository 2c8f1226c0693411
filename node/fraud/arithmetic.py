"""What a project computes with, in the form that its contract is bound to."""

from __future__ import annotations

from contracts.disputes import Arithmetic, Tensor
from node.aggregation.rules import CoordinateRule, rule_of
from node.codec.section import section_bits
from node.manifest import Manifest
from node.merkle import ZERO_HASH, PositionTree


def arithmetic_of(manifest: Manifest) -> Arithmetic:
    """The terms that fraud proofs of this project compute with.

    A rule that combines values has no weights, and a mean over contributors divides: there the layout's root is zero,
    and rewards can be proven false but parameters cannot.
    """
    layout = manifest.layout
    return Arithmetic(
        alpha_q16=manifest.alpha_q16,
        share_cap_q16=manifest.share_cap_q16,
        parameter_count=layout.parameter_count,
        chunk_count=layout.chunk_count,
        tensor_count=len(layout.tensors),
        layout_root=layout_tree(manifest).root if is_weighted_sum(manifest) else ZERO_HASH,
    )


def is_weighted_sum(manifest: Manifest) -> bool:
    """Whether a parameter follows from weights and one chunk of each update."""
    return manifest.mean == "plain" and not isinstance(rule_of(manifest), CoordinateRule)


def tensors_of(manifest: Manifest) -> tuple[Tensor, ...]:
    """Leaves of the layout tree, in the order of the manifest."""
    layout = manifest.layout
    return tuple(
        Tensor(
            start=int(layout.tensor_starts[i]),
            size=tensor.size,
            first_chunk=int(layout.tensor_chunks[i]),
            entries_per_chunk=tensor.entries_per_chunk,
            grid_bits=tensor.grid_bits,
            bits=section_bits(tensor),
        )
        for i, tensor in enumerate(layout.tensors)
    )


def layout_tree(manifest: Manifest) -> PositionTree:
    """The tree over the tensors."""
    return PositionTree(tensor.leaf for tensor in tensors_of(manifest))
