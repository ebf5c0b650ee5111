/** What the page of events lists, as its address says it. */
export const VIEWS = [
  { value: "events", label: "Events" },
  { value: "log", label: "Log" },
] as const;
