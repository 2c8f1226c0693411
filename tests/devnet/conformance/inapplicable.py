"""Public tests that say nothing about a devnet, each with the reason."""

from __future__ import annotations

FORKS = "asks about a block before Prague; a devnet begins with Prague"
BLOBS = "needs blob transactions, which a devnet refuses"
AMSTERDAM = "asks for what a later fork than Prague adds"
ABSENT = "the devnet has no such method"

# Method -> names of tests -> reason. A method alone stands for all of its tests, with their number.
INAPPLICABLE: dict[str, dict[str, tuple[str, ...]]] = {
    "eth_call": {
        FORKS: (
            "call-fork-inactive-access-list",
            "call-fork-inactive-authorization-list",
            "call-fork-inactive-blob-fee",
            "call-fork-inactive-blob-hashes",
            "call-fork-inactive-fee-fields-zero",
            "call-fork-inactive-priority-fee",
            "call-gas-price-before-london",
            "call-type-access-list-before-berlin",
            "call-type-blob-before-cancun",
            "call-type-set-code-before-prague",
        ),
        BLOBS: ("call-blob-fee-without-hashes",),
    },
    "eth_createAccessList": {
        FORKS: (
            "create-al-fork-inactive",
            "create-al-fork-inactive-blob-fee",
            "create-al-fork-inactive-fee-fields",
            "create-al-type-set-code-before-prague",
        ),
        BLOBS: ("create-al-blob-fee-without-hashes",),
    },
    "eth_estimateGas": {
        FORKS: (
            "estimate-fork-inactive-access-list",
            "estimate-fork-inactive-blob-fee",
            "estimate-fork-inactive-fee-fields",
            "estimate-type-blob-before-cancun",
        ),
        BLOBS: ("estimate-with-eip4844",),
    },
    "eth_getBlockByNumber": {
        FORKS: ("get-block-cancun-fork", "get-block-london-fork", "get-block-merge-fork", "get-block-shanghai-fork"),
    },
    "eth_getHeaderByNumber": {
        FORKS: (
            "get-header-cancun-fork",
            "get-header-london-fork",
            "get-header-merge-fork",
            "get-header-shanghai-fork",
        ),
    },
    "eth_getTransactionByHash": {BLOBS: ("get-blob-tx",)},
    "eth_getTransactionReceipt": {BLOBS: ("get-blob-tx",)},
    "eth_sendRawTransaction": {BLOBS: ("send-blob-tx",)},
    "debug_traceCall": {
        "its name is that of a proposal, its answer that of calltracer-nested": ("traceCall-callTracer-intrinsic",),
    },
    "debug_traceTransaction": {
        AMSTERDAM: (
            "calltracer-gas-dimensions",
            "calltracer-gas-dimensions-pre-amsterdam",
            "trace-gas-dimensions",
        ),
        "numbers logs across the block; frames here list logs without numbers": ("calltracer-with-log-index",),
    },
}

# Whole methods.
ABSENT_METHODS: dict[str, tuple[int, str]] = {
    "debug_executionWitness": (5, ABSENT + ": eth_getProof proves single accounts"),
    "debug_getBadBlocks": (1, ABSENT + ": nobody sends it blocks"),
    "eth_config": (3, ABSENT + ": one fork, for ever"),
    "eth_getStorageValues": (5, ABSENT + ": eth_getStorageAt in a batch"),
    "eth_simulateV1": (100, ABSENT + ": eth_call with state and block overrides, or a snapshot"),
}
