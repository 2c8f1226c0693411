// ethers against a devnet: node ethers.mjs RPC_URL ARTIFACTS KEY
import { readFileSync } from "node:fs";
import { ContractFactory, JsonRpcProvider, Signature, Wallet, WebSocketProvider, isError, version } from "ethers";

const [rpcUrl, artifacts, key] = process.argv.slice(2);
const artifact = (name) => JSON.parse(readFileSync(`${artifacts}/${name}.json`, "utf8"));
const show = (what, value) => console.log(`${what}: ${value}`);

// ethers remembers answers for a quarter of a second, which is longer than a block takes here.
const provider = new JsonRpcProvider(rpcUrl, undefined, { cacheTimeout: -1, staticNetwork: true });
const owner = new Wallet(key, provider);
const friend = "0x00000000000000000000000000000000000000AA";
show("client", version);
show("chain", (await provider.getNetwork()).chainId);

// Deploy.
const token = await new ContractFactory(artifact("SwarmToken").abi, artifact("SwarmToken").bytecode, owner).deploy(
  owner.address, 1_000_000n);
await token.waitForDeployment();
show("token", await token.getAddress());
const registryArguments = [await token.getAddress(), 100n, 60n, 3_600n, owner.address, owner.address];
const registry = await new ContractFactory(
  artifact("PeerRegistry").abi, artifact("PeerRegistry").bytecode, owner).deploy(...registryArguments);
await registry.waitForDeployment();
show("registry", await registry.getAddress());

// Read, send, wait for the receipt.
show("name", await token.name());
const fees = await provider.getFeeData();
show("fees are EIP-1559", fees.maxFeePerGas > fees.maxPriorityFeePerGas && fees.maxPriorityFeePerGas > 0n);
const sent = await token.transfer(friend, 7n);
const receipt = await sent.wait();
show("transfer", `type ${sent.type}, status ${receipt.status}, ${receipt.logs.length} log`);
show("balance of the friend", await token.balanceOf(friend));
const [event] = await token.queryFilter(token.filters.Transfer(owner.address, friend), 0, "latest");
show("Transfer", `${event.args.from} -> ${event.args.to}: ${event.args.value}`);

// A custom error, decoded from the call that estimates the gas.
try {
  await token.transferFrom(friend, owner.address, 1n);
} catch (error) {
  if (!isError(error, "CALL_EXCEPTION")) throw error;
  const revert = token.interface.parseError(error.data);
  show("refused", `${revert.name}(${revert.args.join(", ")})`);
}

// A permit: typed data signed off-chain, then stake a seat with what it allows.
const domain = { name: await token.name(), version: "1", chainId: 31337, verifyingContract: await token.getAddress() };
const types = { Permit: ["address owner", "address spender", "uint256 value", "uint256 nonce", "uint256 deadline"].map(
  (field) => ({ type: field.split(" ")[0], name: field.split(" ")[1] })) };
const permit = { owner: owner.address, spender: await registry.getAddress(), value: 100n, nonce: 0n, deadline: 2n ** 40n };
const { v, r, s } = Signature.from(await owner.signTypedData(domain, types, permit));
await (await token.permit(permit.owner, permit.spender, permit.value, permit.deadline, v, r, s)).wait();
show("allowance", await token.allowance(owner.address, permit.spender));
await (await registry.stake(1)).wait();
show("seats", await registry.seatCount());

// Events over a WebSocket.
const socket = new WebSocketProvider(rpcUrl.replace("http", "ws"));
const heard = new Promise((resolve) => {
  token.connect(socket).on("Transfer", (from, to, value, { log }) => resolve(`${value}, removed ${log.removed}`));
});
await socket.getBlockNumber(); // the subscription before it has been answered too
await (await token.transfer(friend, 9n)).wait();
show("heard over WebSocket", await heard);
await socket.destroy();
provider.destroy();
