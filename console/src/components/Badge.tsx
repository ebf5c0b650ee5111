import type { ReactNode } from "react";
import { Icon, type IconName } from "./Icon";
import { cx } from "./cx";

export type Tone = "good" | "warn" | "bad" | "info" | "unknown" | "plain" | "accent";

const TONES: Record<Tone, string> = {
  good: "text-buy border-buy/40 bg-buy/8",
  warn: "text-warn border-warn/40 bg-warn/8",
  bad: "text-danger border-danger/45 bg-danger/8",
  info: "text-info border-info/40 bg-info/8",
  unknown: "text-unknown border-unknown/45 hatch",
  plain: "text-text2 border-line bg-s2",
  accent: "text-accent border-accent/45 bg-accent/8",
};

const ICONS: Record<Tone, IconName | null> = {
  good: "ok",
  warn: "warn",
  bad: "bad",
  info: null,
  unknown: "unknown",
  plain: null,
  accent: null,
};

type Props = { tone?: Tone; icon?: IconName | null; children: ReactNode; title?: string | undefined; testid?: string; className?: string };

/** A state in a word, with an icon beside it: colour alone says nothing. */
export function Badge({ tone = "plain", icon, children, title, testid, className }: Props) {
  const shown = icon === undefined ? ICONS[tone] : icon;
  return (
    <span
      title={title}
      data-testid={testid}
      className={cx(
        "inline-flex h-5 items-center gap-1 rounded border px-1.5 text-2xs font-medium whitespace-nowrap",
        TONES[tone],
        className,
      )}
    >
      {shown && <Icon name={shown} size={11} />}
      {children}
    </span>
  );
}
