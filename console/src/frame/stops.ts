/** The acts that stop, in the order of their force, and those that only compare or listen anew. */
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
  says: "Stops new orders and cancels those that may add risk; exits that rest stay. Hedges wait until the halt is lifted.",
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

/** Stops one strategy: no new orders of its own, and those of it that may add risk are canceled. */
export function pauseOf(owner: string): Wanted {
  return {
    verb: "halt",
    title: `Pause ${owner}`,
    says: `Stops new orders of ${owner} and cancels those that may add risk; its exits that rest stay. Everything else goes on.`,
    body: { scope: "owner", target: owner },
    cli: `flatbook halt --scope owner --target ${owner} --reason "..."`,
    danger: true,
  };
}

/** Lets one strategy go on: takes the halt back that paused it. */
export function resumeOf(owner: string, haltId: string): Wanted {
  return {
    verb: "lift",
    title: `Resume ${owner}`,
    says: `${owner} may send new orders again.`,
    body: { halt_id: haltId },
    cli: `flatbook lift ${haltId} --reason "..."`,
    danger: true,
  };
}

/** Closes the streams of one account and opens them anew. */
export function reconnectOf(account: string): Wanted {
  return {
    verb: "reconnect",
    title: `Reconnect ${account}`,
    says: `Closes the streams of ${account}, of its market and of its orders, and opens them anew. It trades nothing.`,
    body: { account },
    cli: `flatbook reconnect ${account} --reason "..."`,
    danger: false,
  };
}
