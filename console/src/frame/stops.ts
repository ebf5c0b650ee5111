/** The acts that stop, in the order of their force, and the one that only compares. */
import type { Wanted } from "./ui";

export const KILL: Wanted = {
  verb: "kill",
  title: "Kill switch",
  says: "Halts everything, cancels every order, and waits until each venue confirms that none is open.",
  body: {},
  cli: 'flatbook kill --reason "..."',
  danger: true,
};

export const HALT: Wanted = {
  verb: "halt",
  title: "Halt everything",
  says: "Stops new orders and cancels what rests. Hedges wait until the halt is lifted.",
  body: { scope: "all", target: "" },
  cli: 'flatbook halt --reason "..."',
  danger: true,
};

export const FLATTEN: Wanted = {
  verb: "flatten",
  title: "Flatten",
  says: "Brings nets to zero at the market, whatever their threshold.",
  body: {},
  cli: 'flatbook flatten --reason "..."',
  danger: true,
};

export const DRAIN: Wanted = {
  verb: "drain",
  title: "Drain",
  says: "Finishes the hedges under way, then stops the engine.",
  body: {},
  cli: 'flatbook drain --reason "..."',
  danger: true,
};

export const RECONCILE: Wanted = {
  verb: "reconcile",
  title: "Reconcile now",
  says: "Compares our records with every venue. It trades nothing.",
  body: {},
  cli: "flatbook reconcile",
  danger: false,
};
