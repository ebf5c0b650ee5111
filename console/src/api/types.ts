/** The bodies of the API by the names of its schema. `schema.ts` is generated of docs/openapi.json: `npm run types`. */
import type { components } from "./schema";

export type Schemas = components["schemas"];
export type Status = Schemas["StatusAnswer"];
export type Net = Schemas["FlatNetBody"];
export type Order = Schemas["OrderBody"];
export type Trade = Schemas["TradeBody"];
export type Execution = Schemas["ExecutionBody"];
export type EventLine = Schemas["EventBody"];
export type Meta = Schemas["MetaAnswer"];
