import { Dialog as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { IconButton } from "./Button";
import { cx } from "./cx";

type Props = {
  open: boolean;
  onClose: () => void;
  title: string;
  says: string;
  testid: string;
  children: ReactNode;
  /** A drawer stands at the right edge and is as high as the page; a dialog stands in its middle. */
  drawer?: boolean;
  tone?: "plain" | "danger";
};

/** Where the focus was before the first of the layers that are open. */
let place: HTMLElement | null = null;

/** The element that has the focus on the page itself: of a menu that is about to close, what opened it. */
function focused(): HTMLElement | null {
  const at = document.activeElement;
  const menu = at?.closest("[role=menu]");
  const home = menu ? document.getElementById(menu.getAttribute("aria-labelledby") ?? "") : at;
  return home instanceof HTMLElement && home !== document.body && home.closest("[role=dialog]") === null ? home : null;
}

/** Gives the focus back to where it was once the last layer is closed: a layer may lead to the next one. */
export const KEEPS_PLACE = {
  onOpenAutoFocus: (): void => {
    place = focused() ?? place;
  },
  onCloseAutoFocus: (event: Event): void => {
    event.preventDefault();
    if (document.querySelector("[role=dialog]") !== null) return;
    place?.focus();
    place = null;
  },
};

/** A layer over the page that keeps the focus until it is closed. */
export function Layer({ open, onClose, title, says, testid, children, drawer = false, tone = "plain" }: Props) {
  return (
    <Radix.Root open={open} onOpenChange={(now) => !now && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-shade" />
        <Radix.Content
          {...KEEPS_PLACE}
          data-testid={testid}
          className={cx(
            "fixed z-50 flex flex-col border bg-s1 shadow-2xl focus:outline-none",
            tone === "danger" ? "border-danger/60" : "border-line",
            drawer
              ? "inset-y-0 right-0 w-[min(46rem,100vw)] border-y-0 border-r-0"
              : "top-[12vh] left-1/2 max-h-[76vh] w-[min(38rem,94vw)] -translate-x-1/2 rounded-lg",
          )}
        >
          <header className="flex items-start gap-3 border-b border-line px-4 py-3">
            <div className="min-w-0">
              <Radix.Title className="truncate text-sm font-semibold">{title}</Radix.Title>
              <Radix.Description className="text-xs text-muted">{says}</Radix.Description>
            </div>
            <IconButton name="close" label="Close" className="ml-auto" onClick={onClose} data-testid={`${testid}-close`} />
          </header>
          <div className="min-h-0 flex-1 overflow-auto">{children}</div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
