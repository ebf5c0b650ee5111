import type { FormEvent, ReactNode } from "react";
import { Button } from "@/components/Button";
import { CommandLine } from "@/components/CommandLine";
import { Layer } from "@/components/Dialog";
import { Failed } from "@/components/States";

type Props = {
  title: string;
  says: string;
  testid: string;
  onClose: () => void;
  onSubmit: () => void;
  /** Why what was sent was not done; what was typed stays. */
  error?: unknown;
  /** The same at the command line. */
  cli?: { text: string; testid: string };
  /** The buttons of the form, the one that sends it last. */
  acts: ReactNode;
  /** What came of it, in the place of the form. */
  done?: ReactNode;
  children: ReactNode;
};

/** A layer that asks for something in a form, and then shows in its place what came of it. */
export function FormLayer({ title, says, testid, onClose, onSubmit, error, cli, acts, done, children }: Props) {
  function submit(event: FormEvent): void {
    event.preventDefault();
    onSubmit();
  }
  return (
    <Layer open onClose={onClose} title={title} says={says} testid={testid}>
      {done ?? (
        <form onSubmit={submit} className="flex flex-col gap-3 p-4">
          {children}
          {error != null && <Failed error={error} />}
          <div className="flex flex-wrap items-center justify-end gap-2">
            {cli && (
              <span className="mr-auto min-w-0">
                <CommandLine text={cli.text} testid={cli.testid} />
              </span>
            )}
            {acts}
          </div>
        </form>
      )}
    </Layer>
  );
}

/** What came of a form, and the way out of it. */
export function FormDone({ leave, testid, onClose, children }: { leave: string; testid: string; onClose: () => void; children: ReactNode }) {
  return (
    <div className="flex flex-col gap-3 p-4">
      {children}
      <div className="flex justify-end">
        <Button look="primary" onClick={onClose} data-testid={testid}>
          {leave}
        </Button>
      </div>
    </div>
  );
}
