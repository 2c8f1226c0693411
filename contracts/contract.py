"""What the faces of all contracts have in common."""

from __future__ import annotations

from typing import Any, ClassVar

from contracts.abi import ContractAbi, contract_abi
from contracts.chain import Chain, Receipt
from contracts.values import Address


class Contract:
    """One deployed contract, reached through one chain."""

    artifact: ClassVar[str]

    def __init__(self, chain: Chain, address: Address) -> None:
        self.chain = chain
        self.address = address

    @property
    def abi(self) -> ContractAbi:
        """The contract's artifact."""
        return contract_abi(self.artifact)

    async def _read(self, name: str, *arguments: object) -> Any:
        (value,) = await self._read_all(name, *arguments)
        return value

    async def _read_all(self, name: str, *arguments: object) -> tuple[Any, ...]:
        return await self.chain.call(self.abi, self.address, name, *arguments)

    async def _send(self, name: str, *arguments: object) -> Receipt:
        return await self.chain.send(self.address, self.abi.encode_call(name, *arguments))
