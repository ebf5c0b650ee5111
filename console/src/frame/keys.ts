/** The keys of the console. A key typed into a field is text and never an act. */

export type Act = { kind: "go"; key: string } | { kind: "filter" | "down" | "up" | "actions" | "keys" | "palette" | "kill" };

export const KEY_LIST: readonly (readonly [string, string])[] = [
  ["Ctrl K", "search pages, orders and acts"],
  ["g then a letter", "go to a page"],
  ["/", "filter the table of the page; once more, the next table"],
  ["j  k", "next row, row before"],
  ["Enter", "open the details of a row"],
  [".", "what can be done with a row"],
  ["Shift K", "open the kill dialog; it never fires it"],
  ["?", "this list"],
  ["Esc", "close what is open"],
];

export const SEQUENCE_MS = 1_200;

type Pressed = { key: string; ctrlKey: boolean; metaKey: boolean; altKey: boolean; shiftKey: boolean };

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("input, textarea, select, [contenteditable]") !== null;
}

/** What a key means; `leader` says whether `g` was pressed just before. */
export function actOf(pressed: Pressed, leader: boolean, target: EventTarget | null): Act | "leader" | null {
  if ((pressed.ctrlKey || pressed.metaKey) && pressed.key.toLowerCase() === "k") return { kind: "palette" };
  if (pressed.ctrlKey || pressed.metaKey || pressed.altKey || isTyping(target)) return null;
  if (leader) return { kind: "go", key: pressed.key };
  switch (pressed.key) {
    case "g":
      return "leader";
    case "/":
      return { kind: "filter" };
    case "j":
      return { kind: "down" };
    case "k":
      return { kind: "up" };
    case ".":
      return { kind: "actions" };
    case "?":
      return { kind: "keys" };
    case "K":
      return pressed.shiftKey ? { kind: "kill" } : null;
    default:
      return null;
  }
}

/** Moves the focus to the row beside the one that has it, itself or in it, or to the first. */
export function walkRows(step: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>("main tr[data-row][tabindex]")];
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const next = rows[at === -1 ? 0 : Math.min(rows.length - 1, Math.max(0, at + step))];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}
