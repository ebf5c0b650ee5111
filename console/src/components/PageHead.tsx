import type { ReactNode } from "react";
import { CommandLine } from "./CommandLine";

/** The name of a page, and the command line that shows the same. */
export function PageHead({ title, says, cli, children }: { title: string; says?: string; cli?: string; children?: ReactNode }) {
  return (
    <div className="flex min-h-8 flex-wrap items-center gap-x-3 gap-y-1">
      <h1 className="m-0 text-base font-semibold">{title}</h1>
      {says && <span className="text-xs text-muted">{says}</span>}
      <div className="ml-auto flex min-w-0 max-w-full flex-wrap items-center justify-end gap-2 print:hidden">
        {children}
        {cli && <CommandLine text={cli} testid="page-cli" />}
      </div>
    </div>
  );
}
