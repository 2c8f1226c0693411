// viem against a devnet: node viem.mjs RPC_URL ARTIFACTS KEY
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import {
  BaseError, ContractFunctionRevertedError, createPublicClient, createWalletClient, http, parseSignature, webSocket,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { foundry } from "viem/chains";

const [rpcUrl, artifacts, key] = process.argv.slice(2);
const artifact = (name) => JSON.parse(readFileSync(`${artifacts}/${name}.json`, "utf8"));
const show = (what, value) => console.log(`${what}: ${value}`);

const account = privateKeyToAccount(key);
const chain = { ...foundry, rpcUrls: { default: { http: [rpcUrl] } } };
const reader = createPublicClient({ chain, transport: http(), pollingInterval: 20 });
const wallet = createWalletClient({ account, chain, transport: http() });
const friend = "0x00000000000000000000000000000000000000AA";
show("client", createRequire(import.meta.url)("viem/package.json").version);
show("chain", await reader.getChainId());

// Deploy.
const deploy = async (name, args) => {
  const { abi, bytecode } = artifact(name);
  const receipt = await reader.waitForTransactionReceipt({ hash: await wallet.deployContract({ abi, bytecode, args }) });
  show(name, receipt.contractAddress);
  return { abi, address: receipt.contractAddress };
};
const token = await deploy("SwarmToken", [account.address, 1_000_000n]);
const registry = await deploy("PeerRegistry", [token.address, 100n, 60, 3_600, account.address, account.address]);

// Read, simulate, send, wait for the receipt.
show("name", await reader.readContract({ ...token, functionName: "name" }));
const fees = await reader.estimateFeesPerGas();
show("fees are EIP-1559", fees.maxFeePerGas > fees.maxPriorityFeePerGas && fees.maxPriorityFeePerGas > 0n);
const send = async (contract, functionName, args) => {
  const { request } = await reader.simulateContract({ ...contract, account, functionName, args });
  return reader.waitForTransactionReceipt({ hash: await wallet.writeContract(request) });
};
const receipt = await send(token, "transfer", [friend, 7n]);
show("transfer", `type ${receipt.type}, status ${receipt.status}, ${receipt.logs.length} log`);
show("balance of the friend", await reader.readContract({ ...token, functionName: "balanceOf", args: [friend] }));
const [event] = await reader.getContractEvents({ ...token, eventName: "Transfer", args: { to: friend }, fromBlock: 0n });
show("Transfer", `${event.args.from} -> ${event.args.to}: ${event.args.value}`);

// A custom error.
try {
  await send(token, "transferFrom", [friend, account.address, 1n]);
} catch (error) {
  if (!(error instanceof BaseError)) throw error;
  const { data } = error.walk((cause) => cause instanceof ContractFunctionRevertedError);
  show("refused", `${data.errorName}(${data.args.join(", ")})`);
}

// A permit: typed data signed off-chain, then stake a seat with what it allows.
const permit = { owner: account.address, spender: registry.address, value: 100n, nonce: 0n, deadline: 2n ** 40n };
const signature = await wallet.signTypedData({
  domain: { name: await reader.readContract({ ...token, functionName: "name" }), version: "1", chainId: chain.id,
    verifyingContract: token.address },
  types: { Permit: ["address owner", "address spender", "uint256 value", "uint256 nonce", "uint256 deadline"].map(
    (field) => ({ type: field.split(" ")[0], name: field.split(" ")[1] })) },
  primaryType: "Permit",
  message: permit,
});
const { r, s, v } = parseSignature(signature);
await send(token, "permit", [permit.owner, permit.spender, permit.value, permit.deadline, Number(v), r, s]);
const allowed = [account.address, registry.address];
show("allowance", await reader.readContract({ ...token, functionName: "allowance", args: allowed }));
await send(registry, "stake", [1]);
show("seats", await reader.readContract({ ...registry, functionName: "seatCount" }));

// An account's storage, proven.
const proof = await reader.getProof({ address: token.address, storageKeys: [`0x${"00".repeat(32)}`] });
show("proof", `${proof.accountProof.length > 0}, of a storage slot ${proof.storageProof[0].proof.length > 0}`);

// Events over a WebSocket.
const socket = createPublicClient({ chain, transport: webSocket(rpcUrl.replace("http", "ws"), { reconnect: false }) });
let stop;
const heard = new Promise((resolve, reject) => {
  stop = socket.watchContractEvent({ ...token, eventName: "Transfer", onError: reject,
    onLogs: ([log]) => resolve(`${log.args.value}, removed ${log.removed}`) });
});
await socket.getBlockNumber(); // the subscription before it has been answered too
await send(token, "transfer", [friend, 9n]);
show("heard over WebSocket", await heard);
stop();
(await socket.transport.getRpcClient()).close();
