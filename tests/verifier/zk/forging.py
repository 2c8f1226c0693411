"""Fool the verifier that EZKL generates, when it is called directly: why HeadProof stands in front of it.

The generated contract hashes the proof from where the call data says it is, and draws its challenges from that hash. It
then computes with words at fixed places of the call data, where encoders usually put the proof. Moved elsewhere, the
honest copy fixes the challenges while the words it computes with are free. The last two of them are the points W and W'
of the opening; the pairing check is e(A + b W + m W', G2) = e(W', s G2) with A, b and m known by then. W' = 0 and
W = -A / b satisfy it for any scoring.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from eth.chains.base import MiningChain
from eth.db.atomic import AtomicDB
from eth.vm.forks import PragueVM
from eth.vm.forks.prague.computation import PragueComputation
from py_ecc import optimized_bn128 as curve

from verifier.zk.scoring import FIELD_ORDER, Scoring
from verifier.zk.solidity import generated_call_data

ADDRESS = b"\x11" * 20
POINT_BYTES = 64
ECMUL, PAIRING = 7, 8
PARAMETERS = {"difficulty": 0, "gas_limit": 30_000_000, "timestamp": 0, "coinbase": bytes(20), "extra_data": b""}

Calls = list[tuple[int, bytes]]


def forge(init_code: bytes, scoring: Scoring, proof: bytes) -> bytes:
    """Call data with which the generated verifier accepts `scoring`. `proof`: of any other scoring."""
    evm = Evm(init_code)
    nothing = bytes(POINT_BYTES)
    rest = next(data[:POINT_BYTES] for number, data in evm.calls(_moved(scoring, proof, nothing)) if number == PAIRING)
    mark = _encode(curve.multiply(curve.G1, 7))  # a point nobody else multiplies
    (factor,) = (
        int.from_bytes(data[POINT_BYTES:], "big")
        for number, data in evm.calls(_moved(scoring, proof, mark))
        if number == ECMUL and data.startswith(mark)
    )
    point = curve.multiply(curve.neg(_decode(rest)), pow(factor, -1, FIELD_ORDER))
    return _moved(scoring, proof, _encode(point))


class Evm:
    """One contract in a virtual machine whose precompiled contracts can be watched."""

    def __init__(self, init_code: bytes) -> None:
        kind = MiningChain.configure("Watched", vm_configuration=((0, PragueVM),), chain_id=1)
        parameters = {**PARAMETERS, "nonce": bytes(8), "mix_hash": bytes(32)}
        self._machine = kind.from_genesis(AtomicDB(), parameters).get_vm()
        self._code = self._run(init_code, b"").output

    def calls(self, data: bytes) -> Calls:
        """The precompiled contracts that a call of the contract calls: their numbers and inputs."""
        with _watched() as calls:
            self._run(self._code, data)
        return calls

    def _run(self, code: bytes, data: bytes) -> Any:
        return self._machine.execute_bytecode(
            origin=ADDRESS, gas_price=0, gas=20_000_000, to=ADDRESS, sender=ADDRESS, value=0, data=data, code=code
        )


@contextmanager
def _watched() -> Iterator[Calls]:
    calls: Calls = []
    untouched = PragueComputation._precompiles

    def watch(address: bytes, contract: Any) -> Any:
        def run(computation: Any) -> Any:
            calls.append((address[-1], bytes(computation.msg.data)))
            return contract(computation)

        return run

    PragueComputation._precompiles = {address: watch(address, contract) for address, contract in untouched.items()}
    try:
        yield calls
    finally:
        PragueComputation._precompiles = untouched


def _moved(scoring: Scoring, proof: bytes, point: bytes) -> bytes:
    """A call of verifyProof: at the usual place the proof with `point` for W and nothing for W', and behind it the
    instances and the honest copy, to which the offset points."""
    usual = _words(len(proof)) + proof[: -2 * POINT_BYTES] + point + bytes(POINT_BYTES)
    instances = scoring.field_elements()
    behind = _words(len(instances), *instances)
    offsets = _words(64 + len(usual) + len(behind), 64 + len(usual))
    selector = generated_call_data(scoring, proof)[:4]
    return selector + offsets + usual + behind + _words(len(proof)) + proof


def _words(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(32, "big") for number in numbers)


def _decode(point: bytes) -> Any:
    x, y = (int.from_bytes(point[start : start + 32], "big") for start in (0, 32))
    return (curve.FQ(x), curve.FQ(y), curve.FQ(1)) if x or y else curve.Z1


def _encode(point: Any) -> bytes:
    x, y = curve.normalize(point)
    return _words(int(x), int(y))
