import { useEffect, useRef } from "react";
import type { Status } from "@/api/types";
import { useToast } from "@/components/Toasts";
import { useChannel } from "@/live/channels";
import { useSettings, type Settings } from "@/settings/settings";

export type Notice = { key: string; title: string; text: string; critical: boolean };

/** What stands and needs a person, each with a name of its own. */
export function noticesOf({ alerts, halts }: Status): Notice[] {
  return [
    ...halts.map((halt) => ({ key: `halt ${halt.halt_id} ${halt.halted_at}`, title: `Halted: ${halt.target || halt.scope}`, text: halt.reason, critical: true })),
    ...alerts.map((alert) => ({ key: `alert ${alert.name} ${alert.subject} ${alert.raised_at}`, title: alert.name.replaceAll("_", " "), text: alert.detail, critical: alert.severity === "critical" })),
  ];
}

export function isWanted(notice: Notice, wanted: Settings["notices"]): boolean {
  return wanted === "all" || (wanted === "critical" && notice.critical);
}

/** Says what newly needs a person, on whichever page it is; what stood when the console was opened is counted by the bell. */
export function Notices() {
  const status = useChannel("status");
  const say = useToast();
  const { settings } = useSettings();
  const known = useRef<ReadonlySet<string> | null>(null);
  useEffect(() => {
    if (!status) return;
    const notices = noticesOf(status);
    const before = known.current;
    known.current = new Set(notices.map(({ key }) => key));
    if (before === null) return;
    for (const notice of notices) {
      if (!before.has(notice.key) && isWanted(notice, settings.notices)) say({ title: notice.title, text: notice.text, tone: "bad", urgent: notice.critical });
    }
  }, [status, say, settings.notices]);
  return null;
}
