/** The icons of the console, drawn on a grid of 16. An icon never stands alone where its meaning matters: a word is beside it. */
const PATHS = {
  overview: "M2 9.5h5V2H2zM9 14h5V6.5H9zM2 14h5v-2.5H2zM9 4.5h5V2H9z",
  execution: "M2 4h6M2 8h9M2 12h4M11 4h3M13 8h1M9 12h5",
  orders: "M3 2.5h10v11H3zM5.5 6h5M5.5 8.5h5M5.5 11h3",
  inventory: "M2.5 5 8 2l5.5 3v6L8 14l-5.5-3zM2.5 5 8 8l5.5-3M8 8v6",
  market: "M2 13.5h12M4 11V6M7 11V3.5M10 11V7.5M13 11V5",
  grid: "M2 3.5h12M2 6.5h12M2 9.5h12M2 12.5h12M5 2v12M11 2v12",
  reports: "M2.5 13.5V2.5M2.5 13.5h11M4.5 10.5l3-3.5 2.5 2 3.5-5",
  risk: "M8 1.8 13.5 4v4c0 3-2.3 5.3-5.5 6.2C4.800 13.300 2.500 11 2.500 8V4z",
  events: "M2 4h1M2 8h1M2 12h1M5.500 4H14M5.500 8H14M5.500 12H14",
  health: "M1.500 8.500h3L6 4l3 8.500 1.800-4h3.700",
  settings: "M2 4.500h7M12 4.500h2M2 11.500h2M7 11.500h7M9 3v3h3V3zM4 10v3h3v-3z",
  kill: "M8 2v5M4.600 3.900a5.500 5.500 0 1 0 6.800 0",
  ok: "M3 8.500 6.500 12 13 4.500",
  warn: "M8 2 14.500 13.500h-13zM8 6.500v3.200M8 11.500v.5",
  bad: "M4 4l8 8M12 4l-8 8",
  unknown: "M6 6a2 2 0 1 1 2.700 1.900c-.5.2-.7.6-.7 1.100v.5M8 12v.5",
  clock: "M8 2a6 6 0 1 0 .01 0M8 5v3.200l2 1.300",
  halt: "M5.500 3.500v9M10.500 3.500v9",
  search: "M7 2.500a4.500 4.500 0 1 0 .01 0M10.300 10.300 14 14",
  close: "M4 4l8 8M12 4l-8 8",
  copy: "M5.500 5.500h8v8h-8zM2.500 10.500v-8h8",
  save: "M8 2.500v7M5 7l3 3 3-3M3 13.500h10",
  more: "M3.500 8h.01M8 8h.01M12.500 8h.01",
  up: "M8 13V3M4 7l4-4 4 4",
  down: "M8 3v10M4 9l4 4 4-4",
  right: "M6 3.500 10.500 8 6 12.500",
  left: "M10 3.500 5.500 8 10 12.500",
  link: "M6.500 9.500l3-3M7 4.500l1-1a2.800 2.800 0 0 1 4 4l-1 1M9 11.500l-1 1a2.800 2.800 0 0 1-4-4l1-1",
  retry: "M13 8a5 5 0 1 1-1.600-3.700M13 2v3h-3",
  bell: "M4 11V7a4 4 0 0 1 8 0v4l1 1.500H3zM6.800 14h2.400",
  keys: "M2 4h12v8H2zM4.500 6.500h.01M7 6.500h.01M9.500 6.500h.01M12 6.500h-.01M5 9.500h6",
  out: "M9.500 8H2.500M5 5.500 2.500 8 5 10.500M7 2.500h6.500v11H7",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg
      aria-hidden="true"
      className="shrink-0"
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth={name === "more" ? 2.2 : 1.4}
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
