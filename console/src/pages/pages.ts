/** The pages of the console, in the order of the navigation. One that the desk has no use for is left out of it. */
import type { IconName } from "@/components/Icon";

export type Page = {
  path: string;
  name: string;
  icon: IconName;
  /** The key that opens it after `g`. */
  key: string;
  group: "Watch" | "Ask" | "Steer";
};

export const PAGES: readonly Page[] = [
  { path: "/overview", name: "Overview", icon: "overview", key: "o", group: "Watch" },
  { path: "/execution", name: "Execution", icon: "execution", key: "e", group: "Watch" },
  { path: "/orders", name: "Orders & trades", icon: "orders", key: "t", group: "Watch" },
  { path: "/inventory", name: "Inventory", icon: "inventory", key: "i", group: "Watch" },
  { path: "/market", name: "Market", icon: "market", key: "m", group: "Watch" },
  { path: "/grid", name: "Grid", icon: "grid", key: "d", group: "Watch" },
  { path: "/reports", name: "Backtests & reports", icon: "reports", key: "p", group: "Ask" },
  { path: "/events", name: "Events & logs", icon: "events", key: "l", group: "Ask" },
  { path: "/health", name: "Health", icon: "health", key: "h", group: "Ask" },
  { path: "/risk", name: "Risk & limits", icon: "risk", key: "r", group: "Steer" },
  { path: "/settings", name: "Settings", icon: "settings", key: "s", group: "Steer" },
];

/** The pages that this desk has something for; none as long as it has not said. */
export function pagesOf(has: readonly string[] | undefined): readonly Page[] {
  return PAGES.filter((page) => has?.includes(page.path.slice(1)) ?? false);
}
