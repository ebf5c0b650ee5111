import { useState } from "react";
import { Icon } from "./Icon";

const SAID_MS = 1_500;

/** A text that one press copies, such as the command line that shows the same as a page. */
export function CopyText({ text, testid, prompt = false }: { text: string; testid: string; prompt?: boolean }) {
  const [copied, setCopied] = useState(false);
  async function copy(): Promise<void> {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    window.setTimeout(() => setCopied(false), SAID_MS);
  }
  return (
    <button
      type="button"
      onClick={() => void copy()}
      data-testid={testid}
      title="copy"
      className="num inline-flex h-6 max-w-full items-center gap-1.5 overflow-hidden rounded border border-line bg-s2 px-2 text-2xs text-text2 hover:border-field hover:text-text"
    >
      {prompt && <span className="text-muted">$</span>}
      <span className="truncate">{text}</span>
      <Icon name={copied ? "ok" : "copy"} size={11} />
      <span className="sr-only" role="status">
        {copied ? "copied" : ""}
      </span>
    </button>
  );
}
