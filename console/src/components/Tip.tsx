import { Tooltip } from "radix-ui";
import type { ReactNode } from "react";

const DELAY_MS = 350;

export const TipProvider = ({ children }: { children: ReactNode }) => (
  <Tooltip.Provider delayDuration={DELAY_MS}>{children}</Tooltip.Provider>
);

/** A few words about what the pointer or the focus is on. */
export function Tip({ says, children }: { says: ReactNode; children: ReactNode }) {
  return (
    <Tooltip.Root>
      <Tooltip.Trigger asChild>{children}</Tooltip.Trigger>
      <Tooltip.Portal>
        <Tooltip.Content sideOffset={6} className="z-50 max-w-80 rounded-md border border-line bg-s3 px-2.5 py-1.5 text-xs text-text shadow-xl">
          {says}
        </Tooltip.Content>
      </Tooltip.Portal>
    </Tooltip.Root>
  );
}
