// Private requests carry an HMAC over all that they say: freehold/trading/requests.py in the browser.
import { base64url, fromBase64url, type Credentials } from "./keys";

export async function requestSignature(
  secret: string,
  timestamp: string,
  method: string,
  path: string,
  body = "",
): Promise<string> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", fromBase64url(secret), algorithm, false, ["sign"]);
  const text = new TextEncoder().encode(timestamp + method.toUpperCase() + path + body);
  return base64url(new Uint8Array(await crypto.subtle.sign("HMAC", key, text)));
}

export async function privateHeaders(
  credentials: Credentials,
  method: string,
  path: string,
  body = "",
): Promise<Record<string, string>> {
  const timestamp = new Date().toISOString();
  return {
    "DYDX-SIGNATURE": await requestSignature(credentials.secret, timestamp, method, path, body),
    "DYDX-API-KEY": credentials.key,
    "DYDX-TIMESTAMP": timestamp,
    "DYDX-PASSPHRASE": credentials.passphrase,
  };
}
