import { useState } from "react";
import { useRead } from "@/api/queries";
import type { Schemas } from "@/api/types";
import { Button } from "@/components/Button";
import { CommandLine } from "@/components/CommandLine";
import { Layer } from "@/components/Dialog";
import { Answer } from "@/components/States";
import { save } from "@/components/table";

type Diagnostics = Schemas["DiagnosticsAnswer"];

const WORDS_MAX = 2_000;

/** What this browser is and shows; the address without what follows `?`, which may name things of the desk. */
export function saidOfBrowser({ innerWidth, innerHeight, location, navigator }: Window = window): string {
  return `# browser\n${navigator.userAgent}\npage ${location.pathname}, ${innerWidth} by ${innerHeight} pixels\n`;
}

export function reportOf(words: string, browser: string, desk: string): string {
  const said = words.trim();
  return `${said === "" ? "" : `# what happened\n${said}\n\n`}${browser}\n${desk}`;
}

/** A text for whoever mends a fault. It is shown whole before anything becomes of it, and is sent nowhere. */
export function Report({ onClose }: { onClose: () => void }) {
  const [amounts, setAmounts] = useState(false);
  const [words, setWords] = useState("");
  const [copied, setCopied] = useState(false);
  const asked = useRead<Diagnostics>("/diagnostics", { amounts }, { follows: false });
  // Until what was chosen has come, there is no text: the one before may hold what was chosen away.
  const whole = asked.data !== undefined && asked.data.amounts === amounts ? reportOf(words, saidOfBrowser(), asked.data.text) : null;
  async function copy(): Promise<void> {
    await navigator.clipboard.writeText(whole ?? "");
    setCopied(true);
  }
  return (
    <Layer open drawer onClose={onClose} title="Report a problem" says="Read it, then copy or save it. It is sent nowhere from here." testid="report">
      <div className="flex min-h-full flex-col gap-3 p-4">
        <label className="flex flex-col gap-1 text-2xs text-muted">
          What happened, and what you expected
          <textarea value={words} maxLength={WORDS_MAX} rows={3} onChange={(event) => setWords(event.target.value)} data-testid="report-words" className="rounded-md border border-field bg-s2 p-2 text-xs text-text" />
        </label>
        <label className="flex items-center gap-2 text-xs text-text2">
          <input type="checkbox" checked={amounts} onChange={(event) => setAmounts(event.target.checked)} data-testid="report-amounts" className="size-4 accent-(--accent)" />
          With amounts, prices and the reasons that persons gave. Secrets are never in it.
        </label>
        <p className="m-0 flex flex-wrap items-center gap-2 text-2xs text-muted">
          What the doctor found is in it once it has looked, on the page Health or by <CommandLine text="flatbook doctor" testid="report-cli" />
        </p>
        <Answer query={asked} lines={10}>
          {() => (
            <pre tabIndex={0} aria-label="the report" data-testid="report-text" className="num m-0 min-h-40 flex-1 overflow-auto rounded-md border border-line bg-s2 p-3 text-2xs leading-4 whitespace-pre-wrap break-words text-text2">
              {whole ?? "it is being written"}
            </pre>
          )}
        </Answer>
        <div className="flex items-center justify-end gap-2">
          <span className="mr-auto text-2xs text-buy" role="status">{copied ? "copied" : ""}</span>
          <Button icon="copy" disabled={whole === null} onClick={() => void copy()} data-testid="report-copy">
            Copy
          </Button>
          <Button look="primary" icon="save" disabled={whole === null} onClick={() => save("flatbook-report.txt", whole ?? "", "text/plain")} data-testid="report-save">
            Save as a file
          </Button>
        </div>
      </div>
    </Layer>
  );
}
