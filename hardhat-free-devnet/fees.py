"""What a transaction should offer: `eth_gasPrice`, `eth_maxPriorityFeePerGas`, `eth_feeHistory`."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate

from devnet.chain import Chain
from devnet.formats import Json
from devnet.hexing import quantity
from devnet.index import IndexedBlock

SUGGESTED_TIP_WEI = 10**9
MAXIMUM_HISTORY_BLOCKS = 1_024


def gas_price(chain: Chain) -> int:
    """A gas price with which a legacy transaction enters the next block, in wei."""
    return chain.machine.next_base_fee(chain.head.header) + SUGGESTED_TIP_WEI


def fee_history(chain: Chain, count: int, newest: IndexedBlock, percentiles: Sequence[float]) -> Json:
    """Base fees, fill and paid tips of the `count` blocks up to `newest`; one base fee more, for the block after.

    Source: https://github.com/ethereum/execution-apis (eth_feeHistory).
    """
    oldest = max(0, newest.number - min(count, MAXIMUM_HISTORY_BLOCKS) + 1)
    blocks = [block for number in range(oldest, newest.number + 1) if (block := chain.block(number)) is not None]
    base_fees = [int(block.json["baseFeePerGas"], 16) for block in blocks]
    base_fees.append(chain.machine.next_base_fee(newest.header))
    answer: Json = {
        "oldestBlock": quantity(oldest),
        "baseFeePerGas": [quantity(fee) for fee in base_fees],
        "gasUsedRatio": [block.header.gas_used / block.header.gas_limit for block in blocks],
        "baseFeePerBlobGas": [quantity(1)] * len(base_fees),
        "blobGasUsedRatio": [0.0] * len(blocks),
    }
    if percentiles:
        answer["reward"] = [[quantity(tip) for tip in _tips(block, percentiles)] for block in blocks]
    return answer


def _tips(block: IndexedBlock, percentiles: Sequence[float]) -> list[int]:
    """The tip paid at each percentile of the block's gas, in wei; zeros for an empty block."""
    base_fee = int(block.json["baseFeePerGas"], 16)
    paid = sorted(
        (int(receipt["effectiveGasPrice"], 16) - base_fee, int(receipt["gasUsed"], 16)) for receipt in block.receipts
    )
    if not paid:
        return [0] * len(percentiles)
    reached = list(accumulate(gas for _, gas in paid))
    return [paid[bisect_left(reached, reached[-1] * percentile / 100)][0] for percentile in percentiles]
