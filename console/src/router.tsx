/** Where each page stands. A page is loaded when it is first opened. */
import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from "@tanstack/react-router";
import { Shell } from "@/frame/Shell";
import { Lost } from "@/frame/Lost";
import type { Search } from "@/view/address";

const root = createRootRoute({ component: Shell, notFoundComponent: Lost });

const start = createRoute({
  getParentRoute: () => root,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/overview" });
  },
});

/** What an address carries are texts, and nothing of them is quoted: one that looks like a number stays as it was typed. */
export function parsed(address: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(address));
}

export function stated(search: Record<string, unknown>): string {
  const text = new URLSearchParams(Object.entries(search).map(([name, value]) => [name, String(value)])).toString();
  return text === "" ? "" : `?${text}`;
}

function searchOf(found: Record<string, unknown>): Search {
  return Object.fromEntries(Object.entries(found).map(([name, value]) => [name, String(value)]));
}

const page = <Path extends string>(path: Path, load: () => Promise<{ Page: () => React.ReactNode }>) =>
  createRoute({ getParentRoute: () => root, path, validateSearch: searchOf, component: lazyRouteComponent(load, "Page") });

export const router = createRouter({
  routeTree: root.addChildren([
    start,
    page("/overview", () => import("@/pages/overview/Page")),
    page("/execution", () => import("@/pages/execution/Page")),
    page("/orders", () => import("@/pages/orders/Page")),
    page("/inventory", () => import("@/pages/inventory/Page")),
    page("/market", () => import("@/pages/market/Page")),
    page("/grid", () => import("@/pages/grid/Page")),
    page("/reports", () => import("@/pages/reports/Page")),
    page("/events", () => import("@/pages/events/Page")),
    page("/health", () => import("@/pages/health/Page")),
    page("/risk", () => import("@/pages/risk/Page")),
    page("/settings", () => import("@/pages/settings/Page")),
  ]),
  defaultPreload: "intent",
  parseSearch: parsed,
  stringifySearch: stated,
  scrollRestoration: false,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
