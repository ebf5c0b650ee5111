// Compiles the contracts beside this file: node compile.mjs FOLDER_WITH_SOLC OUT.json
// OUT.json states for each contract its bytecode, its functions with their selectors, and the events with their ABI;
// and of each source its SHA-256, by which a reader sees whether it was compiled from what stands here.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const [modules, out] = process.argv.slice(2);
const here = dirname(fileURLToPath(import.meta.url));
const solc = createRequire(join(resolve(modules), "package.json"))("solc");

const names = readdirSync(here).filter((name) => name.endsWith(".sol")).sort();
const texts = Object.fromEntries(names.map((name) => [name, readFileSync(join(here, name), "utf8")]));
const input = {
  language: "Solidity",
  sources: Object.fromEntries(names.map((name) => [name, { content: texts[name] }])),
  settings: {
    evmVersion: "cancun",
    optimizer: { enabled: true, runs: 200 },
    metadata: { appendCBOR: false, bytecodeHash: "none" },
    outputSelection: { "*": { "*": ["abi", "evm.bytecode.object", "evm.methodIdentifiers"] } },
  },
};
const compiled = JSON.parse(solc.compile(JSON.stringify(input)));
const errors = (compiled.errors ?? []).filter((each) => each.severity === "error" || each.severity === "warning");
if (errors.length > 0) {
  console.error(errors.map((each) => each.formattedMessage).join("\n"));
  process.exit(1);
}

const contracts = {};
for (const found of Object.values(compiled.contracts)) {
  for (const [name, { abi, evm }] of Object.entries(found)) {
    if (evm.bytecode.object === "") continue;
    contracts[name] = { abi, bytecode: "0x" + evm.bytecode.object, functions: evm.methodIdentifiers };
  }
}
const sources = Object.fromEntries(
  names.map((name) => [name, createHash("sha256").update(texts[name]).digest("hex")]),
);
writeFileSync(out, JSON.stringify({ compiler: solc.version(), sources, contracts }));
