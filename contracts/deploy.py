"""Deploy the system (token, disputes, factory with the code of its projects, court) and keep the record of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from eth_typing import HexAddress, HexStr

from contracts.abi import contract_abi
from contracts.attestation import checksum_address
from contracts.chain import Chain
from contracts.client import Factory
from contracts.court import Court
from contracts.errors import DeploymentError, MalformedAnswer, MissingAccount, MissingContract
from contracts.sender import Receipt
from contracts.values import Address

SUPPLY_WEI = 10**27
SEAT_STAKE_WEI = 10**21
# Nobody has its key: what a factory insures there is burned.
BURNING = Address(HexAddress(HexStr("0x000000000000000000000000000000000000dEaD")))


@dataclass(frozen=True)
class Deployment:
    """Where the system is. `block_number`: the block before its first event; `gas`: what deploying it cost.

    `disputes`: who can void rounds; `attendance`: where attesters say what they hold; `insurance`: where pools go that
    nobody could be paid from. Each project has a registry of its own, `verifier_registry` is that of the verifiers.
    """

    chain_id: int
    token: Address
    disputes: Address
    attendance: Address
    insurance: Address
    implementation: Address
    factory: Address
    court: Address
    verifier_registry: Address
    block_number: int
    gas: int

    def save(self, path: Path) -> None:
        """Write the record as JSON."""
        path.write_text(json.dumps(asdict(self), indent=2) + "\n", "utf-8")

    @classmethod
    def load(cls, path: Path) -> Deployment:
        """Read a record. Raises DeploymentError, whatever the file holds."""
        try:
            document = json.loads(path.read_text("utf-8"))
        except OSError as error:
            raise DeploymentError(str(path), f"cannot be read: {error.strerror}") from error
        except ValueError as error:
            raise DeploymentError(str(path), "is not JSON") from error
        if not isinstance(document, dict):
            raise DeploymentError(str(path), "is not a JSON object")
        names = [item.name for item in fields(cls)]
        if sorted(document) != sorted(names):
            raise DeploymentError(str(path), f"holds {sorted(document)}, expected {sorted(names)}")
        return cls(**{item.name: _value(path, document, item.name, item.type) for item in fields(cls)})

    async def check(self, chain: Chain, path: Path) -> None:
        """Raises DeploymentError or MissingContract unless the system is on this chain; `path` names the record."""
        if chain.chain_id != self.chain_id:
            raise DeploymentError(str(path), f"is of chain {self.chain_id}, the node serves chain {chain.chain_id}")
        contracts = (self.token, self.disputes, self.attendance, self.implementation, self.factory)
        for address in (*contracts, self.court, self.verifier_registry):
            if not await chain.has_code(address):
                raise MissingContract(address, chain.chain_id)


@dataclass(frozen=True)
class CourtParameters:
    """What a court, and the registry of its verifiers, is deployed with.

    Penalties None: a twentieth, and a tenth, of the stake of a seat. `class_delay_seconds`: from the registration of a
    class to its first job.
    """

    seat_stake_wei: int = SEAT_STAKE_WEI
    epoch_seconds: int = 60
    thaw_seconds: int = 86_400
    no_show_penalty_wei: int | None = None
    strike_penalty_wei: int | None = None
    class_delay_seconds: int = 0


async def deploy_system(
    chain: Chain,
    *,
    token: Address | None = None,
    supply_wei: int = SUPPLY_WEI,
    insurance: Address = BURNING,
    court: CourtParameters | None = None,
) -> Deployment:
    """Deploy everything from the chain's account, which receives the supply; `token` given: that one is staked.

    The account becomes the court's curator: it registers classes.

    Raises what `Chain.send` raises; bad parameters come back as Registry_BadParameter.
    """
    if chain.account is None:
        raise MissingAccount
    before = await chain.head()
    receipts: list[Receipt] = []

    async def deploy(name: str, *arguments: object) -> Address:
        receipt = await chain.send(None, contract_abi(name).encode_deployment(*arguments))
        if receipt.contract_address is None:
            raise MalformedAnswer("eth_getTransactionReceipt", f"{name} was deployed nowhere")
        receipts.append(receipt)
        return receipt.contract_address

    staked = token or await deploy("SwarmToken", chain.account.address, supply_wei)
    disputes = await deploy("Disputes")
    attendance = await deploy("Attendance")
    factory = await deploy("ProjectFactory", disputes, attendance, insurance)
    rules = court or CourtParameters()
    stake = rules.seat_stake_wei
    court_address = await deploy(
        "OutputCourt",
        staked,
        chain.account.address,
        stake,
        rules.epoch_seconds,
        rules.thaw_seconds,
        stake // 20 if rules.no_show_penalty_wei is None else rules.no_show_penalty_wei,
        stake // 10 if rules.strike_penalty_wei is None else rules.strike_penalty_wei,
        rules.class_delay_seconds,
    )
    return Deployment(
        chain_id=chain.chain_id,
        token=staked,
        disputes=disputes,
        attendance=attendance,
        insurance=insurance,
        implementation=await Factory(chain, factory).implementation(),
        factory=factory,
        court=court_address,
        verifier_registry=await Court(chain, court_address).registry(),
        block_number=before.number,
        gas=sum(receipt.gas_used for receipt in receipts),
    )


def _value(path: Path, document: Mapping[str, Any], name: str, kind: object) -> Any:
    value = document[name]
    if kind == "int":
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise DeploymentError(str(path), f"{name} is {value!r}, expected a number")
        return value
    try:
        address = checksum_address(bytes.fromhex(value.removeprefix("0x")))
    except (AttributeError, ValueError) as error:
        raise DeploymentError(str(path), f"{name} is {value!r}, expected an address") from error
    if value not in (address, address.lower()):
        raise DeploymentError(str(path), f"{name} is {value!r}, whose checksum is wrong")
    return address
