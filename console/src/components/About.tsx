import { useView } from "@/view/address";
import { Icon } from "./Icon";

/** An id that narrows the page to everything that names it; once more, and the page shows all again. */
export function AboutId({ id, testid }: { id: string; testid: string }) {
  const [{ about }, change] = useView();
  const taken = about === id;
  const says = taken ? `Show what names other ids than ${id}, too` : `Only what names ${id}`;
  return (
    <button
      type="button"
      aria-pressed={taken}
      aria-label={says}
      title={says}
      data-testid={testid}
      onClick={(event) => {
        event.stopPropagation();
        change({ about: taken ? null : id });
      }}
      className="num inline-flex h-6 max-w-44 items-center gap-1 rounded px-1 text-2xs text-muted hover:bg-s3 hover:text-text aria-pressed:bg-s3 aria-pressed:text-text"
    >
      <span className="truncate">{id}</span>
      <Icon name={taken ? "close" : "search"} size={10} />
    </button>
  );
}

/** The id to which a page is narrowed, and the way back to all. */
export function AboutChip() {
  const [{ about }] = useView();
  if (about === undefined) return null;
  return (
    <span className="inline-flex items-center gap-1 text-2xs text-text2">
      only of <AboutId id={about} testid="about-chosen" />
    </span>
  );
}
