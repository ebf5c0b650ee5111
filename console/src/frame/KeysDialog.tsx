import { Layer } from "@/components/Dialog";
import type { Page } from "@/pages/pages";
import { KEY_LIST } from "./keys";

function Line({ keys, what }: { keys: string; what: string }) {
  return (
    <div className="contents">
      <dt>
        <kbd className="num rounded border border-line bg-s3 px-1.5 py-0.5 text-xs">{keys}</kbd>
      </dt>
      <dd className="m-0 text-text2">{what}</dd>
    </div>
  );
}

export function KeysDialog({ open, onClose, pages }: { open: boolean; onClose: () => void; pages: readonly Page[] }) {
  return (
    <Layer open={open} onClose={onClose} title="Keys" says="Every key works on every page, but not while you type." testid="keys">
      <dl className="m-0 grid grid-cols-[auto_1fr] items-center gap-x-4 gap-y-2 p-4">
        {KEY_LIST.map(([keys, what]) => (
          <Line key={keys} keys={keys} what={what} />
        ))}
        {pages.map((page) => (
          <Line key={page.path} keys={`g ${page.key}`} what={page.name} />
        ))}
      </dl>
    </Layer>
  );
}
