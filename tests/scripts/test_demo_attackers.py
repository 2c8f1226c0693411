"""Who carries out which attack in a demonstration, together with whom, and that each peer is told."""

from __future__ import annotations

from pathlib import Path

from contracts.attestation import checksum_address
from contracts.deploy import Deployment
from node.__main__ import read_settings
from scripts.demo.scenario import DemoPeer, write_peer_configuration
from scripts.demo.settings import DemoSettings

ACCOUNTS = [checksum_address(bytes([number]) * 20) for number in range(1, 12)]
SETTINGS = DemoSettings(peers=8, attackers=5, attacks=("alie", "sybil"), seed=9)


def test_attacks_are_dealt_in_turn_and_accomplices_are_those_with_the_same() -> None:
    assert [SETTINGS.attack_of(peer) for peer in range(8)] == [
        None,
        None,
        None,
        "alie",
        "sybil",
        "alie",
        "sybil",
        "alie",
    ]
    assert [SETTINGS.accomplices_of(peer) for peer in range(8)] == [(), (), (), (5, 7), (6,), (3, 7), (4,), (3, 5)]


def test_a_peer_reads_its_attack_its_accomplices_and_their_seed_from_its_configuration(tmp_path: Path) -> None:
    deployment = Deployment(31337, *ACCOUNTS[:8], block_number=7, gas=1)
    friends = (ACCOUNTS[5], ACCOUNTS[7])
    attacker = DemoPeer(3, ACCOUNTS[3], "alie", tmp_path / "attacker", friends)
    honest = DemoPeer(0, ACCOUNTS[0], None, tmp_path / "honest")
    for peer in (attacker, honest):
        write_peer_configuration(SETTINGS, "http://127.0.0.1:1", deployment, ACCOUNTS[4], peer, "0x" + "11" * 32)
    told = read_settings(attacker.folder / "configuration.toml")
    assert (told.attack, told.attack_accomplices, told.attack_seed) == ("alie", friends, 9)
    told = read_settings(honest.folder / "configuration.toml")
    assert (told.attack, told.attack_accomplices, told.attack_seed) == (None, (), 0)
