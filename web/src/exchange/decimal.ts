// Decimal strings and whole quanta, without a floating number between them.

export class NotANumber extends Error {}

const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?$/;

/** A number as digits / 10^scale. */
export interface Decimal {
  digits: bigint;
  scale: number;
}

export function decimal(text: string): Decimal {
  const match = DECIMAL.exec(text.trim());
  if (match === null) throw new NotANumber(`${JSON.stringify(text)} is no number`);
  const fraction = match[3] ?? "";
  const digits = BigInt(match[2]! + fraction);
  return { digits: match[1] === "-" ? -digits : digits, scale: fraction.length };
}

const power = (scale: number): bigint => 10n ** BigInt(scale);

/** Of non-negative numbers. */
function ceilDiv(a: bigint, b: bigint): bigint {
  return (a + b - 1n) / b;
}

/** Amount times resolution, which must be whole: an exchange counts nothing smaller than a quantum. */
export function quanta(text: string, resolution: bigint): bigint {
  const { digits, scale } = decimal(text);
  const scaled = digits * resolution;
  if (scaled % power(scale) !== 0n) throw new NotANumber(`${text} has too many decimals`);
  return scaled / power(scale);
}

/** size x price in quanta of collateral, rounded against the one who signs: up when buying, down when selling. */
export function cost(size: string, price: string, resolution: bigint, isBuying: boolean): bigint {
  const a = decimal(size);
  const b = decimal(price);
  const exact = a.digits * b.digits * resolution;
  const divisor = power(a.scale + b.scale);
  return isBuying ? ceilDiv(exact, divisor) : exact / divisor;
}

/** A fraction of an amount, rounded up. */
export function fee(amount: bigint, fraction: string): bigint {
  const { digits, scale } = decimal(fraction);
  return ceilDiv(amount * digits, power(scale));
}

/** Quanta as the shortest decimal. */
export function human(amount: bigint, resolution: bigint): string {
  const places = resolution.toString().length - 1;
  const sign = amount < 0n ? "-" : "";
  const digits = (amount < 0n ? -amount : amount).toString().padStart(places + 1, "0");
  const whole = digits.slice(0, digits.length - places);
  const fraction = digits.slice(digits.length - places).replace(/0+$/, "");
  return sign + whole + (fraction ? `.${fraction}` : "");
}
