#!/usr/bin/env node
// Stands in for the native compiler: `--version` and `--standard-json`, which is all that Ape asks of it.
const solc = require("solc");
const fs = require("fs");

const args = process.argv.slice(2);
if (args.includes("--version")) {
  console.log("solc, the solidity compiler commandline interface");
  console.log("Version: " + solc.version());
} else if (args.includes("--standard-json")) {
  process.stdout.write(solc.compile(fs.readFileSync(0, "utf8")));
} else {
  console.error("solc: this wrapper knows --version and --standard-json only");
  process.exit(1);
}
