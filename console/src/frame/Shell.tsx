import { Outlet, useNavigate } from "@tanstack/react-router";
import { useCallback, useEffect, useRef } from "react";
import { useFollowing, useMeta } from "@/api/queries";
import { toNextFilter } from "@/components/table";
import { useLooking } from "@/live/looks";
import { pagesOf, type Page } from "@/pages/pages";
import { ActDialog } from "./ActDialog";
import { Banner } from "./Banner";
import { Chain } from "./Chain";
import { KeysDialog } from "./KeysDialog";
import { LimitForm } from "./LimitForm";
import { ModeStrip } from "./ModeStrip";
import { Notices } from "./Notices";
import { Palette } from "./Palette";
import { Report } from "./Report";
import { RouterView } from "./RouterView";
import { Sidebar } from "./Sidebar";
import { TradeForm } from "./TradeForm";
import { TopBar } from "./TopBar";
import { actOf, SEQUENCE_MS, walkRows, type Act } from "./keys";
import { KILL } from "./stops";
import { useUi } from "./ui";

function openActions(): void {
  const row = document.activeElement?.closest("[data-row]");
  row?.querySelector<HTMLElement>("[data-row-actions]")?.click();
}

function useKeys(pages: readonly Page[]): void {
  const go = useNavigate();
  const { open, show } = useUi();
  const leader = useRef(0);
  const carryOut = useCallback(
    (act: Act) => {
      const target = act.kind === "go" ? pages.find((page) => page.key === act.key) : undefined;
      if (act.kind === "go") return target && void go({ to: target.path });
      if (act.kind === "filter") return toNextFilter(document.activeElement);
      if (act.kind === "down" || act.kind === "up") return walkRows(act.kind === "down" ? 1 : -1);
      if (act.kind === "actions") return openActions();
      if (act.kind === "kill") return show({ kind: "act", wanted: KILL });
      return show({ kind: act.kind });
    },
    [go, pages, show],
  );
  useEffect(() => {
    function onKey(event: KeyboardEvent): void {
      const isSecond = event.timeStamp - leader.current < SEQUENCE_MS && leader.current > 0;
      leader.current = 0;
      const act = actOf(event, isSecond, event.target);
      if (act === "leader") leader.current = event.timeStamp;
      else if (act !== null && (open === null || act.kind === "palette")) {
        event.preventDefault();
        carryOut(act);
      }
    }
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [carryOut, open]);
}

/** The frame around every page. */
export function Shell() {
  const meta = useMeta();
  const pages = pagesOf(meta.data?.pages);
  const { open, show } = useUi();
  const close = useCallback(() => show(null), [show]);
  useKeys(pages);
  useFollowing();
  useLooking();
  return (
    <div className="relative flex h-screen flex-col overflow-hidden print:block print:h-auto print:overflow-visible">
      <a href="#main" className="sr-only focus:not-sr-only focus:absolute focus:z-50 focus:bg-s3 focus:p-2" data-testid="skip">
        Skip to the page
      </a>
      <Notices />
      <ModeStrip />
      <div className="flex min-h-0 flex-1 print:block">
        <Sidebar pages={pages} />
        <div className="flex min-w-0 flex-1 flex-col print:block">
          <TopBar />
          <Banner />
          {/* What is placed absolutely has its place in here: from the document it would make the whole frame scroll. */}
          <main id="main" className="relative min-h-0 flex-1 overflow-auto p-4 print:overflow-visible print:px-0" tabIndex={-1}>
            <RouterView>
              <Outlet />
            </RouterView>
          </main>
        </div>
      </div>
      <Palette open={open?.kind === "palette"} onClose={close} pages={pages} />
      <KeysDialog open={open?.kind === "keys"} onClose={close} pages={pages} />
      {open?.kind === "act" && <ActDialog wanted={open.wanted} onClose={close} />}
      {open?.kind === "trade" && <TradeForm net={open.net} onClose={close} />}
      {open?.kind === "limit" && <LimitForm limit={open.limit} onClose={close} />}
      {open?.kind === "report" && <Report onClose={close} />}
      {open?.kind === "chain" && <Chain reference={open.ref} onClose={close} />}
    </div>
  );
}
