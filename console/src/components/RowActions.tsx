import { DropdownMenu } from "radix-ui";
import { useState } from "react";
import { Icon } from "./Icon";

export type RowAction = { name: string; testid: string; act: () => void };

/** What can be done with a row, in a menu that `.` opens too; nothing where nothing can be done. */
export function RowActions({ label, actions, testid }: { label: string; actions: readonly RowAction[]; testid: string }) {
  const [open, setOpen] = useState(false);
  if (actions.length === 0) return null;
  return (
    <DropdownMenu.Root open={open} onOpenChange={setOpen}>
      <DropdownMenu.Trigger
        data-row-actions
        data-testid={testid}
        aria-label={label}
        onClick={(event) => {
          event.stopPropagation();
          // The menu opens itself when a pointer goes down or a key is pressed on it; a click that a program makes is neither.
          setOpen(true);
        }}
        className="inline-flex size-7 items-center justify-center rounded text-text2 hover:bg-s3 hover:text-text"
      >
        <Icon name="more" />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content align="end" className="z-50 rounded-md border border-line bg-s2 p-1 shadow-xl" onClick={(event) => event.stopPropagation()}>
          {actions.map((action) => (
            <DropdownMenu.Item
              key={action.testid}
              data-testid={action.testid}
              onSelect={action.act}
              className="flex h-8 items-center gap-2 rounded px-2.5 text-xs text-text2 outline-none data-[highlighted]:bg-s3 data-[highlighted]:text-text"
            >
              {action.name}
            </DropdownMenu.Item>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
