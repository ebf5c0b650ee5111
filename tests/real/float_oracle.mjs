// Answers what the Float of Raindex says: node float_oracle.mjs FOLDER_WITH_THE_PACKAGE
// A line in is [a, b, fixed, decimals, text]: two Floats as hex, an integer as text, a number of decimals, a decimal text.
// A line out is an object with the answer to each operation: hex, text or boolean, or {"refused": why}.
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

const { Float } = createRequire(join(resolve(process.argv[2]), "package.json"))("@rainlanguage/float");

function told(outcome) {
  if (outcome.error !== undefined) return { refused: outcome.error.msg.slice(0, 120) };
  const { value } = outcome;
  if (typeof value === "bigint") return value.toString();
  return typeof value === "object" ? value.asHex() : value;
}

const TWO = ["add", "sub", "mul", "div", "min", "max", "lt", "lte", "eq", "gte", "gt"];
const ONE = ["inv", "abs", "neg", "frac", "floor", "isZero", "format"];

for await (const line of createInterface({ input: process.stdin })) {
  const [aHex, bHex, fixed, decimals, text] = JSON.parse(line);
  const a = Float.fromHex(aHex).value;
  const b = Float.fromHex(bHex).value;
  const answers = {};
  for (const name of TWO) answers[name] = told(a[name](b));
  for (const name of ONE) answers[name] = told(a[name]());
  answers.fromFixedDecimal = told(Float.fromFixedDecimal(BigInt(fixed), decimals));
  answers.fromFixedDecimalLossy = told(Float.fromFixedDecimalLossy(BigInt(fixed), decimals));
  answers.toFixedDecimal = told(a.toFixedDecimal(decimals));
  answers.toFixedDecimalLossy = told(a.toFixedDecimalLossy(decimals));
  answers.parse = told(Float.parse(text));
  process.stdout.write(JSON.stringify(answers) + "\n");
}
