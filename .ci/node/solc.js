#!/usr/bin/env node
// The compiler for freehold/chain/solc.py: `--version`, or a request in standard JSON on each line, answered by a line.
const solc = require("solc");

if (process.argv.includes("--version")) {
  console.log("solc, the solidity compiler commandline interface");
  console.log("Version: " + solc.version());
} else {
  const lines = require("readline").createInterface({ input: process.stdin });
  lines.on("line", (request) => process.stdout.write(solc.compile(request) + "\n"));
}
