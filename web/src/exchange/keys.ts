// What a wallet signs, and the keys that come of it. The texts and formulas are freehold/trading/actions.py's;
// tests/vectors/dydx_v3.json holds both to the public client.
import { getStarkKey } from "@scure/starknet";
import { bytesToHex, hexToBytes, keccak256, type Hex } from "viem";

export const ONBOARDING = "dYdX Onboarding";
export const KEY_DERIVATION = "dYdX STARK Key";
const MAINNET = 1;
const MAINNET_SITE = "https://trade.dydx.exchange";
const TYPED = "00";

export interface Credentials {
  key: string;
  secret: string;
  passphrase: string;
}

/** For eth_signTypedData_v4. */
export function typedData(action: string, chainId: number) {
  const isMainnet = chainId === MAINNET;
  return {
    domain: { name: "dYdX", version: "1.0", chainId },
    types: {
      dYdX: [
        { name: "action", type: "string" },
        ...(isMainnet ? [{ name: "onlySignOn", type: "string" }] : []),
      ],
    },
    primaryType: "dYdX" as const,
    message: { action, ...(isMainnet ? { onlySignOn: MAINNET_SITE } : {}) },
  };
}

/** A wallet's 65 bytes with the byte that says how they were signed. */
export function typedSignature(signature: Hex): Hex {
  return `${signature}${TYPED}` as Hex;
}

export function starkPrivateKey(signature: Hex): Hex {
  const hash = BigInt(keccak256(numberBytes(hexToBytes(signature))));
  return `0x${(hash >> 5n).toString(16)}`;
}

export function credentials(signature: Hex): Credentials {
  const bytes = hexToBytes(signature);
  const r = hexToBytes(keccak256(numberBytes(bytes.slice(0, 32))));
  const s = hexToBytes(keccak256(numberBytes(bytes.slice(32, 64))));
  const key = bytesToHex(s.slice(0, 16)).slice(2);
  return {
    key: [key.slice(0, 8), key.slice(8, 12), key.slice(12, 16), key.slice(16, 20), key.slice(20)].join("-"),
    secret: base64url(r.slice(0, 30)),
    passphrase: base64url(s.slice(16, 31)),
  };
}

export function starkKey(privateKey: Hex): Hex {
  return `0x${BigInt(getStarkKey(privateKey)).toString(16)}`;
}

/** A number in as many bytes as it needs, at least 32. */
function numberBytes(bytes: Uint8Array): Uint8Array {
  let start = 0;
  while (bytes.length - start > 32 && bytes[start] === 0) start++;
  return bytes.slice(start);
}

export function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_");
}

export function fromBase64url(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
}
