import { useNavigate } from "@tanstack/react-router";
import { Command } from "cmdk";
import { Dialog } from "radix-ui";
import { useChannel } from "@/live/channels";
import { KEEPS_PLACE } from "@/components/Dialog";
import { Icon, type IconName } from "@/components/Icon";
import type { Page } from "@/pages/pages";
import { useSettings } from "@/settings/settings";
import { DRAIN, FLATTEN, HALT, KILL, RECONCILE } from "./stops";
import { useUi, type Wanted } from "./ui";

const ORDERS_SHOWN = 50;

const ACTS: readonly Wanted[] = [KILL, HALT, FLATTEN, DRAIN, RECONCILE];

function Item({ icon, name, hint, onSelect, testid }: { icon: IconName; name: string; hint?: string; onSelect: () => void; testid: string }) {
  return (
    <Command.Item
      value={`${name} ${hint ?? ""}`}
      onSelect={onSelect}
      data-testid={testid}
      className="flex h-9 items-center gap-3 rounded-md px-3 text-text2 data-[selected=true]:bg-s3 data-[selected=true]:text-text"
    >
      <Icon name={icon} size={14} />
      <span className="truncate">{name}</span>
      {hint && <span className="num ml-auto truncate text-2xs text-muted">{hint}</span>}
    </Command.Item>
  );
}

const HEAD = "[&_[cmdk-group-heading]]:px-3 [&_[cmdk-group-heading]]:py-1 [&_[cmdk-group-heading]]:text-2xs [&_[cmdk-group-heading]]:text-muted";

/** Pages, acts and orders by name. An act is only prepared here: it is still previewed and confirmed. */
export function Palette({ open, onClose, pages }: { open: boolean; onClose: () => void; pages: readonly Page[] }) {
  const go = useNavigate();
  const { show } = useUi();
  const { settings, change } = useSettings();
  const orders = useChannel("orders") ?? [];
  const then = (act: () => void) => () => {
    onClose();
    act();
  };
  return (
    <Dialog.Root open={open} onOpenChange={(now) => !now && onClose()}>
      <Dialog.Portal>
        <Dialog.Overlay className="fixed inset-0 z-40 bg-shade" />
        <Dialog.Content
          {...KEEPS_PLACE}
          data-testid="palette"
          className="fixed top-[12vh] left-1/2 z-50 w-[min(40rem,94vw)] -translate-x-1/2 overflow-hidden rounded-lg border border-line bg-s1 shadow-2xl"
        >
          <Dialog.Title className="sr-only">Search or act</Dialog.Title>
          <Dialog.Description className="sr-only">Type the name of a page, an act or an order.</Dialog.Description>
          <Command loop label="Search or act">
            <div className="flex items-center gap-2 border-b border-line px-4">
              <Icon name="search" />
              <Command.Input
                data-testid="palette-input"
                placeholder="Page, act, order id or instrument"
                className="h-12 w-full bg-transparent text-sm text-text outline-none placeholder:text-muted"
              />
            </div>
            <Command.List className="max-h-[50vh] overflow-auto p-2">
              <Command.Empty className="px-3 py-6 text-center text-muted">nothing by that name</Command.Empty>
              <Command.Group heading="Pages" className={HEAD}>
                {pages.map((page) => (
                  <Item
                    key={page.path}
                    icon={page.icon}
                    name={page.name}
                    hint={`g ${page.key}`}
                    testid={`palette-page-${page.path.slice(1)}`}
                    onSelect={then(() => void go({ to: page.path }))}
                  />
                ))}
              </Command.Group>
              <Command.Group heading="Acts" className={HEAD}>
                {ACTS.map((wanted) => (
                  <Item
                    key={wanted.verb}
                    icon={wanted.verb === "kill" ? "kill" : wanted.verb === "halt" ? "halt" : "risk"}
                    name={wanted.title}
                    hint={wanted.cli}
                    testid={`palette-act-${wanted.verb}`}
                    onSelect={then(() => show({ kind: "act", wanted }))}
                  />
                ))}
                <Item
                  icon="settings"
                  name={settings.theme === "dark" ? "Light theme" : "Dark theme"}
                  testid="palette-theme"
                  onSelect={then(() => change({ theme: settings.theme === "dark" ? "light" : "dark" }))}
                />
                <Item icon="warn" name="Report a problem" testid="palette-report" onSelect={then(() => show({ kind: "report" }))} />
                <Item icon="link" name="Copy the address of this view" testid="palette-view" onSelect={then(() => void navigator.clipboard.writeText(window.location.href))} />
                <Item icon="keys" name="Keys" hint="?" testid="palette-keys" onSelect={then(() => show({ kind: "keys" }))} />
              </Command.Group>
              <Command.Group heading="Orders" className={HEAD}>
                {orders.slice(-ORDERS_SHOWN).reverse().map((order) => (
                  <Item
                    key={order.order_id}
                    icon="orders"
                    name={`${order.side} ${order.qty} ${order.instrument}`}
                    hint={order.order_id}
                    testid="palette-order"
                    onSelect={then(() => show({ kind: "chain", ref: `order:${order.order_id}` }))}
                  />
                ))}
              </Command.Group>
            </Command.List>
          </Command>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
