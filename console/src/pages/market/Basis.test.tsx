import { screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { answering, draw } from "@/testing/harness";
import { Basis, sentenceOf } from "./Basis";
import { feesText, Rules } from "./Rules";

const POINTS = [
  { at: "2025-12-04T15:00:10Z", price: "251", market: "250", basis_bps: "40", side: "sell", ref: "fill:1" },
  { at: "2025-12-04T15:01:10Z", price: "249.5", market: "250", basis_bps: "-20", side: "buy", ref: "fill:2" },
];
const BODY = { known: true, instrument: "COIN/USD@paper", against: null, choices: ["COIN/USD@alpaca"], hedges: ["COIN/USD@paper"], since: "2025-12-04T14:00:00Z", points: POINTS };
const RULES = { instrument: "COIN/USD@paper", account: "paper", symbol: "COIN", underlying: "COIN", quote: "USD", product: "spot", contract_size: "1", tick: "0.01", tick_below_one: "0.0001", lot: "0.001", qty_min: "0.001", notional_min: "0", fees: [{ name: "per share sold", value: "0.000166", unit: "USD per share", stated_by: "accounts.paper.fees" }] };

it("says in a sentence how far prices lay apart", () => {
  expect(sentenceOf(BODY)).toBe("our 2 fills onchain lay from 40 to −20 basis points, between −20 and 40 from the price of COIN/USD@paper in their minute");
  expect(sentenceOf({ ...BODY, against: "COIN/USD@alpaca" })).toBe("COIN/USD@alpaca stood from 40 to −20 basis points, between −20 and 40 from COIN/USD@paper, over 2 minutes");
});

it("compares with the instrument that the address names", async () => {
  const asked = answering({ "/api/v1/basis": { ...BODY, against: "COIN/USD@alpaca", points: [] } });
  draw(<Basis instrument="COIN/USD@paper" />, undefined, { against: "COIN/USD@alpaca" });
  expect(await screen.findByText("no minute was seen of both yet")).toBeTruthy();
  expect(asked[0]?.path).toBe("/api/v1/basis?instrument=COIN%2FUSD%40paper&against=COIN%2FUSD%40alpaca");
});

it("says why nothing is drawn, and where something can be", async () => {
  answering({ "/api/v1/basis": { ...BODY, instrument: "BTC/USDT@exchange", choices: [], points: [] } });
  draw(<Basis instrument="BTC/USDT@exchange" />);
  expect((await screen.findByTestId("basis-elsewhere")).textContent).toBe("Look at COIN/USD@paper");
  expect(screen.getByText(/BTC\/USDT@exchange hedges nothing that we trade onchain/)).toBeTruthy();
});

it("says from when on a fill would be drawn", async () => {
  answering({ "/api/v1/basis": { ...BODY, points: [] } });
  draw(<Basis instrument="COIN/USD@paper" />);
  expect(await screen.findByText(/no fill onchain since 14:00:00, the first minute that the engine remembers/)).toBeTruthy();
});

it("knows of no basis where no engine could be asked", async () => {
  answering({ "/api/v1/basis": { ...BODY, known: false, points: [] } });
  draw(<Basis instrument="COIN/USD@paper" />);
  expect(await screen.findByText(/no engine could be asked/)).toBeTruthy();
});

it("states the rules of an instrument, and says where it has none", async () => {
  answering({ "/api/v1/instruments": { instruments: [RULES, { ...RULES, instrument: "other", fees: [], notional_min: "5" }] } });
  draw(<Rules chosen="COIN/USD@paper" />);
  const [first, second] = await screen.findAllByTestId("rules-table-row");
  expect(first?.getAttribute("aria-selected")).toBe("true");
  expect(first?.querySelector("[data-col=tick]")?.textContent).toBe("0.01USDbelow 1: 0.0001");
  expect(first?.querySelector("[data-col=notional_min]")?.textContent).toBe("none");
  expect(second?.querySelector("[data-col=fees]")?.textContent).toBe("none stated");
  expect(feesText(RULES)).toBe("per share sold 0.000166 USD per share");
});
