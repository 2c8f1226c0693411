"""The public tests of Ethereum's JSON-RPC, expressed against a chain of our own.

Those tests (https://github.com/ethereum/execution-apis, folder `tests`) are pairs of a request and the answer of one
particular chain. A devnet cannot hold that chain: it begins before proof of stake, passes through every fork and has
blob transactions. So each test is expressed by what it asks for, and the answer is checked in its shape and against
what the test itself did to the chain: bytes it signed, hashes it can take, states it wrote.
"""
