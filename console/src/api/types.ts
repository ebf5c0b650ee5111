/** The bodies of the API by the names of its schema. `schema.ts` is generated of docs/openapi.json: `npm run types`. */
import type { components as coming } from "./coming";
import type { components } from "./schema";

type Known = components["schemas"];
type Coming = coming["schemas"] & {
  /** Which backtests were kept. */
  ReportsAnswer: { reports: { name: string; strategies: string[]; began_at: string | null; ended_at: string | null; net_usd: string | null }[] };
  ConfigAnswer: { settings: { key: string; value: string; source: string }[] };
};
export type Schemas = Omit<Coming, keyof Known> & Known;
export type Status = Schemas["StatusAnswer"];
export type Net = Schemas["FlatNetBody"];
export type Order = Schemas["OrderBody"];
export type Trade = Schemas["TradeBody"];
export type Execution = Schemas["ExecutionBody"];
export type EventLine = Schemas["EventBody"];
export type Meta = Schemas["MetaAnswer"];
