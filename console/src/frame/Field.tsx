import type { InputHTMLAttributes } from "react";

type Props = InputHTMLAttributes<HTMLInputElement> & { name: string; "data-testid": string };

/** One line of a form: its name, and what is typed. Amounts are typed and sent as texts. */
export function Field({ name, ...rest }: Props) {
  return (
    <label className="flex flex-col gap-1 text-2xs text-muted">
      {name}
      <input {...rest} autoComplete="off" spellCheck={false} className="num h-8 rounded-md border border-field bg-s2 px-2 text-xs text-text" />
    </label>
  );
}
