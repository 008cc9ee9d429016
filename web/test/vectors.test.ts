// What the page derives and signs is what the public client of this shape does.
import { privateKeyToAccount } from "viem/accounts";
import type { Hex } from "viem";
import { describe, expect, it } from "vitest";

import recorded from "../../tests/vectors/dydx_v3.json";
import { human, NotANumber, quanta } from "../src/exchange/decimal";
import * as keys from "../src/exchange/keys";
import * as orders from "../src/exchange/orders";
import { requestSignature } from "../src/exchange/requests";

const privateKey = recorded.keys[0]!.stark.private_key as Hex;
const dollar = { assetId: BigInt(recorded.orders[0]!.signed.asset_id_collateral), resolution: 10n ** 6n };

describe("keys", () => {
  it.each(recorded.keys)("of $address on $chain_id", async (wallet) => {
    const account = privateKeyToAccount(wallet.ethereum_key as Hex);
    const signed = async (action: string) =>
      keys.typedSignature(await account.signTypedData(keys.typedData(action, wallet.chain_id) as never));
    expect(await signed(keys.ONBOARDING)).toBe(wallet.onboarding_signature);
    const derivation = await signed(keys.KEY_DERIVATION);
    expect(derivation).toBe(wallet.derivation_signature);
    const stark = keys.starkPrivateKey(derivation);
    expect(BigInt(stark)).toBe(BigInt(wallet.stark.private_key));
    expect(orders.starkPoint(stark).map(BigInt)).toEqual(
      [wallet.stark.public_key, wallet.stark.public_key_y_coordinate].map(BigInt),
    );
    expect(keys.credentials(wallet.onboarding_signature as Hex)).toEqual(wallet.credentials);
  });
});

describe("orders", () => {
  it.each(recorded.orders)("$side $market", (order) => {
    const resolution = 10n ** BigInt(assetDecimals(order.signed.asset_id_synthetic));
    const market = { name: order.market, assetId: BigInt(order.signed.asset_id_synthetic), resolution };
    const collateral = { assetId: BigInt(order.signed.asset_id_collateral), resolution: 10n ** 6n };
    const terms = {
      isBuying: order.side === "BUY",
      size: order.size,
      price: order.price,
      limitFee: order.limit_fee,
      clientId: order.client_id,
      expiration: order.expiration,
    };
    const hash = orders.orderHash(terms, market, collateral, BigInt(order.position_id));
    expect(hash).toBe(BigInt(order.hash));
    expect(orders.signature(hash, privateKey)).toBe(order.signature);
  });

  it("withdrawals", () => {
    const { amount, client_id, expiration, position_id, hash, signature } = recorded.withdrawals[0]!;
    const message = orders.withdrawalHash(amount, client_id, expiration, dollar, BigInt(position_id));
    expect(message).toBe(BigInt(hash));
    expect(orders.signature(message, privateKey)).toBe(signature);
  });
});

describe("requests", () => {
  it.each(recorded.requests)("$method $path", async ({ timestamp, method, path, body, signature }) => {
    const { secret } = recorded.keys[0]!.credentials;
    expect(await requestSignature(secret, timestamp, method, path, body)).toBe(signature);
  });
});

describe("amounts", () => {
  it("are whole quanta or refused", () => {
    expect(quanta("1.5", 1_000_000n)).toBe(1_500_000n);
    expect(() => quanta("0.0000001", 1_000_000n)).toThrow(NotANumber);
    expect(() => quanta("1e5", 1_000_000n)).toThrow(NotANumber);
    expect(human(-1_500_000n, 1_000_000n)).toBe("-1.5");
    expect(human(5n, 1_000_000n)).toBe("0.000005");
  });
});

function assetDecimals(id: string): number {
  const hex = BigInt(id).toString(16).padStart(30, "0");
  const text = (hex.match(/../g) ?? []).map((byte) => String.fromCharCode(parseInt(byte, 16))).join("");
  return Number(/-(\d+)/.exec(text)![1]);
}
