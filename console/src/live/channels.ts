/** The channels of the stream by name, with the types of their bodies. */
import type { EventLine, Execution, Order, Schemas, Status, Trade } from "@/api/types";
import { useChannelBody } from "./live";

export type Channels = {
  status: Status;
  positions: Schemas["PositionsAnswer"];
  pnl: Schemas["PnlAnswer"];
  orders: Order[];
  trades: Trade[];
  executions: Execution[];
  events: EventLine[];
  health: Schemas["HealthAnswer"];
  parts: Schemas["PartsAnswer"];
  grids: Schemas["GridsAnswer"];
  market: Schemas["MarketAnswer"];
};

/** The latest body of a channel, undefined before it was heard. */
export function useChannel<Name extends keyof Channels>(name: Name): Channels[Name] | undefined {
  return useChannelBody(name) as Channels[Name] | undefined;
}
