import { createContext, useCallback, useContext, useMemo, useState, type ReactNode } from "react";
import { Toast } from "radix-ui";
import { IconButton } from "./Button";
import { Icon } from "./Icon";
import { cx } from "./cx";

/** One that is urgent is said at once, whatever is being read aloud. */
type Note = { id: number; title: string; text: string; tone: "good" | "bad"; urgent?: boolean };
type Say = (note: Omit<Note, "id">) => void;

const SHOWN_MAX = 4;
const SHOWN_MS = 8_000;
const Context = createContext<Say>(() => undefined);
let count = 0;

/** Short notes on what became of an act. They are said politely to those who listen. */
export function ToastProvider({ children }: { children: ReactNode }) {
  const [notes, setNotes] = useState<readonly Note[]>([]);
  const say = useCallback<Say>((note) => {
    count += 1;
    const next = { ...note, id: count };
    setNotes((old) => [...old, next].slice(-SHOWN_MAX));
  }, []);
  const drop = (id: number): void => setNotes((old) => old.filter((note) => note.id !== id));
  return (
    <Context.Provider value={useMemo(() => say, [say])}>
      <Toast.Provider duration={SHOWN_MS} label="Note">
        {children}
        {notes.map(({ id, title, text, tone, urgent }) => (
          <Toast.Root
            key={id}
            type={urgent ? "foreground" : "background"}
            onOpenChange={(open) => !open && drop(id)}
            data-testid="toast"
            className={cx("flex items-start gap-2 rounded-lg border bg-s2 p-3 shadow-xl", tone === "bad" ? "border-danger/60" : "border-line")}
          >
            <span className={tone === "bad" ? "text-danger" : "text-buy"}>
              <Icon name={tone === "bad" ? "warn" : "ok"} />
            </span>
            <div className="min-w-0">
              <Toast.Title className="text-xs font-semibold">{title}</Toast.Title>
              <Toast.Description className="text-xs break-words text-text2">{text}</Toast.Description>
            </div>
            <IconButton name="close" label="Dismiss" className="ml-auto" onClick={() => drop(id)} data-testid="toast-close" />
          </Toast.Root>
        ))}
        <Toast.Viewport className="fixed right-4 bottom-4 z-50 m-0 flex w-88 list-none flex-col gap-2 p-0" />
      </Toast.Provider>
    </Context.Provider>
  );
}

export function useToast(): Say {
  return useContext(Context);
}
