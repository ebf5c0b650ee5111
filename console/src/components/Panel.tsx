import { createContext, useContext, useId, useState, type ReactNode } from "react";
import { AgeChip, Fresh, type Seen } from "./Age";
import { cx } from "./cx";

type Props = {
  title: string;
  testid: string;
  /** How old the content is and may be; what is older is greyed out, with its age in the title line. */
  seen?: Seen | null | undefined;
  actions?: ReactNode;
  note?: ReactNode;
  flush?: boolean;
  className?: string | undefined;
  /** The name by which an address leads here. */
  id?: string | undefined;
  children: ReactNode;
};

const ActionsContext = createContext<HTMLElement | null>(null);

/** Where in the head of its panel a part may put what can be done with it; null outside of a panel. */
export function usePanelActions(): HTMLElement | null {
  return useContext(ActionsContext);
}

/** A framed part of a page with its name. */
export function Panel({ title, testid, seen, actions, note, flush = false, className, id: place, children }: Props) {
  const id = useId();
  const [own, setOwn] = useState<HTMLElement | null>(null);
  return (
    <section
      id={place}
      aria-labelledby={id}
      data-testid={testid}
      className={cx("flex min-w-0 flex-col rounded-lg border border-line bg-s1 print:break-inside-avoid", className)}
    >
      <header className="flex min-h-9 flex-wrap items-center gap-x-2 border-b border-line px-3 py-1">
        <h2 id={id} className="text-xs font-semibold tracking-wide text-text2">
          {title}
        </h2>
        {note && <span className="text-2xs text-muted">{note}</span>}
        <AgeChip seen={seen} />
        <div className="ml-auto flex min-w-0 max-w-full flex-wrap items-center justify-end gap-1 print:hidden">
          {actions}
          <span ref={setOwn} className="contents" />
        </div>
      </header>
      <Fresh seen={seen} className={cx("min-h-0 min-w-0 flex-1", !flush && "p-3")}>
        <ActionsContext value={own}>{children}</ActionsContext>
      </Fresh>
    </section>
  );
}

/** One figure with its name, as in a row of cards. */
export function Figure({ name, children, sub, testid, tone, says }: { name: string; children: ReactNode; sub?: ReactNode; testid?: string; tone?: string; says?: string }) {
  return (
    <div className="flex min-w-0 flex-col gap-0.5 px-3 py-2" data-testid={testid} title={says}>
      <div className="truncate text-2xs text-muted">{name}</div>
      <div className={cx("truncate text-base font-semibold", tone)}>{children}</div>
      {sub && <div className="text-2xs text-text2">{sub}</div>}
    </div>
  );
}

/** Names and values, one pair a line. */
export function Facts({ rows, testid }: { rows: readonly (readonly [string, ReactNode])[]; testid?: string }) {
  return (
    <dl className="grid gap-x-4 gap-y-1.5 sm:grid-cols-[minmax(7rem,auto)_minmax(0,1fr)]" data-testid={testid}>
      {rows.map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="text-muted">{name}</dt>
          <dd className="m-0 min-w-0 break-words">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
