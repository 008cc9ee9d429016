// The messages that are signed for orders and withdrawals: freehold/trading/orders.py in the browser.
import { getPublicKey, pedersen, sign } from "@scure/starknet";
import { sha256, stringToBytes, type Hex } from "viem";

import { cost, fee, quanta } from "./decimal";

const LIMIT_ORDER = 3n;
const WITHDRAWAL = 6n;
const PROVABLE_FOR = 168;
const HOUR = 3600;

export interface Market {
  name: string;
  assetId: bigint;
  resolution: bigint;
}

export interface Collateral {
  assetId: bigint;
  resolution: bigint;
}

export interface Terms {
  isBuying: boolean;
  size: string;
  price: string;
  limitFee: string;
  clientId: string;
  /** Seconds since 1970 at which it leaves the book. */
  expiration: number;
}

export interface SignedAmounts {
  synthetic: bigint;
  collateral: bigint;
  fee: bigint;
  nonce: bigint;
  expirationHours: bigint;
}

export function amounts(terms: Terms, market: Market, collateral: Collateral): SignedAmounts {
  const paid = cost(terms.size, terms.price, collateral.resolution, terms.isBuying);
  return {
    synthetic: quanta(terms.size, market.resolution),
    collateral: paid,
    fee: fee(paid, terms.limitFee),
    nonce: nonce(terms.clientId),
    expirationHours: BigInt(Math.ceil(terms.expiration / HOUR) + PROVABLE_FOR),
  };
}

export function orderHash(terms: Terms, market: Market, collateral: Collateral, positionId: bigint): bigint {
  const { synthetic, collateral: paid, fee: limit, nonce, expirationHours } = amounts(terms, market, collateral);
  const given = [collateral.assetId, paid] as const;
  const taken = [market.assetId, synthetic] as const;
  const [sold, bought] = terms.isBuying ? [given, taken] : [taken, given];
  const assets = hash(hash(sold[0], bought[0]), collateral.assetId);
  const first = packed([sold[1], 64], [bought[1], 64], [limit, 64], [nonce, 32]);
  const second = packed(
    [LIMIT_ORDER, 10],
    [positionId, 64],
    [positionId, 64],
    [positionId, 64],
    [expirationHours, 32],
    [0n, 17],
  );
  return hash(hash(assets, first), second);
}

export function withdrawalHash(
  amount: string,
  clientId: string,
  expiration: number,
  collateral: Collateral,
  positionId: bigint,
): bigint {
  const hours = BigInt(Math.ceil(expiration / HOUR));
  const fields = packed(
    [WITHDRAWAL, 10],
    [positionId, 64],
    [nonce(clientId), 32],
    [quanta(amount, collateral.resolution), 64],
    [hours, 32],
    [0n, 49],
  );
  return hash(collateral.assetId, fields);
}

/** r and s, 64 hex digits each. */
export function signature(message: bigint, privateKey: Hex): string {
  const { r, s } = sign(message.toString(16), privateKey);
  return [r, s].map((part) => part.toString(16).padStart(64, "0")).join("");
}

/** Both coordinates of the public key. */
export function starkPoint(privateKey: Hex): [Hex, Hex] {
  const point = getPublicKey(privateKey);
  const hex = Array.from(point, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const coordinate = (from: number): Hex => `0x${BigInt(`0x${hex.slice(from, from + 64)}`).toString(16)}`;
  return [coordinate(2), coordinate(66)];
}

export function nonce(clientId: string): bigint {
  return BigInt(sha256(stringToBytes(clientId))) % (1n << 32n);
}

/** A number for each field, the first the highest bits. */
function packed(...fields: [bigint, number][]): bigint {
  let word = 0n;
  for (const [value, bits] of fields) {
    if (value < 0n || value >= 1n << BigInt(bits)) throw new RangeError(`${value} takes more than ${bits} bits`);
    word = (word << BigInt(bits)) | value;
  }
  return word;
}

function hash(a: bigint, b: bigint): bigint {
  return BigInt(pedersen(a, b));
}
