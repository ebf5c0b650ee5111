import { Link } from "@tanstack/react-router";
import { useCallback, useMemo, useSyncExternalStore } from "react";
import { Icon } from "@/components/Icon";
import { Button, IconButton } from "@/components/Button";
import { cx } from "@/components/cx";
import { useSettings } from "@/settings/settings";
import type { Page } from "@/pages/pages";
import { useUi } from "./ui";

const GROUPS = ["Watch", "Ask", "Steer"] as const;

export function Mark({ narrow }: { narrow: boolean }) {
  return (
    <div className="flex items-center gap-2.5 px-4">
      <svg width="26" height="26" viewBox="0 0 32 32" aria-hidden="true">
        <rect x="0.5" y="0.5" width="31" height="31" rx="7" className="fill-s3 stroke-line" />
        <rect x="6" y="14" width="20" height="4" rx="2" className="fill-accentfill" />
      </svg>
      {!narrow && <span className="text-[0.95rem] font-semibold tracking-tight">flatbook</span>}
    </div>
  );
}

/** A window so small, or magnified so far, that a page never spares the room of the names. */
const SMALL = "(max-width: 64rem)";
/** A window in which the widest tables fit only without the names: without a choice they are not shown. */
const TIGHT = "(max-width: 89.99rem)";

function useMedia(query: string): boolean {
  const media = useMemo(() => window.matchMedia(query), [query]);
  const onChange = useCallback(
    (tell: () => void) => {
      media.addEventListener("change", tell);
      return () => media.removeEventListener("change", tell);
    },
    [media],
  );
  return useSyncExternalStore(onChange, () => media.matches);
}

/** The pages that exist on this desk. */
export function Sidebar({ pages }: { pages: readonly Page[] }) {
  const { settings, change } = useSettings();
  const { show } = useUi();
  const isSmall = useMedia(SMALL);
  const isTight = useMedia(TIGHT);
  const narrow = isSmall || (settings.narrow ?? isTight);
  return (
    <nav
      aria-label="Pages"
      data-testid="sidebar"
      className={cx("flex h-full shrink-0 flex-col border-r border-line bg-s1 print:hidden", narrow ? "w-16" : "w-60")}
    >
      <div className="flex h-16 shrink-0 items-center border-b border-line">
        <Mark narrow={narrow} />
      </div>
      <div className="min-h-0 flex-1 overflow-y-auto py-2">
        {GROUPS.map((group) => {
          const found = pages.filter((page) => page.group === group);
          if (found.length === 0) return null;
          return (
            <div key={group} className="pb-2">
              {!narrow && <div className="px-5 pt-2 pb-1 text-2xs font-medium tracking-wider text-muted uppercase">{group}</div>}
              <ul className="m-0 flex list-none flex-col gap-0.5 p-0">
                {found.map((page) => (
                  <li key={page.path}>
                    <Link
                      to={page.path}
                      data-testid={`nav-${page.path.slice(1)}`}
                      title={`${page.name}  (g ${page.key})`}
                      className={cx(
                        "mx-2 flex h-9 items-center gap-3 rounded-md px-3 text-text2 no-underline hover:bg-s3 hover:text-text",
                        narrow && "justify-center px-0",
                      )}
                      activeProps={{ className: "bg-s3 !text-text font-medium shadow-[inset_2px_0_0_var(--accent)] [&_svg]:text-accent" }}
                    >
                      <Icon name={page.icon} />
                      <span className={narrow ? "sr-only" : "truncate"}>{page.name}</span>
                      {!narrow && <kbd className="num ml-auto text-2xs text-muted">g {page.key}</kbd>}
                    </Link>
                  </li>
                ))}
              </ul>
            </div>
          );
        })}
      </div>
      <div className={cx("flex items-center border-t border-line p-2", narrow ? "flex-col justify-center" : "justify-between")}>
        <Button look="quiet" small icon="warn" aria-label="Report a problem" title="Report a problem" onClick={() => show({ kind: "report" })} data-testid="report-open">
          {narrow ? null : "Report a problem"}
        </Button>
        {!isSmall && <IconButton
          name={narrow ? "right" : "left"}
          label={narrow ? "Widen the navigation" : "Narrow the navigation"}
          data-testid="sidebar-width"
          onClick={() => change({ narrow: !narrow })}
        />}
      </div>
    </nav>
  );
}
