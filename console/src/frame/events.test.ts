import { expect, it } from "vitest";
import { sentenceOf, toneOfEvent } from "./events";

it("says each thing of an event once", () => {
  const fields = { side: "sell", token_amount: "0.653", shares: "0.653", instrument: "wtCOIN/USDC@base", underlying: "COIN", price: "268.656" };
  expect(sentenceOf({ fields })).toBe("sell 0.653 wtCOIN/USDC@base at 268.656");
});

it("names the order where nothing else is said", () => {
  expect(sentenceOf({ fields: { order_id: "fb57", reason: "None" } })).toBe("fb57");
});

it("unknown is a tone of its own", () => {
  expect([toneOfEvent("order_unknown"), toneOfEvent("order_filled_v2"), toneOfEvent("trading_halted"), toneOfEvent("order_intended")]).toEqual([
    "unknown",
    "good",
    "bad",
    "plain",
  ]);
});
