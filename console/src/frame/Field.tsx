import { useId, type InputHTMLAttributes } from "react";

/** The form of an amount above zero, and the same in words. */
export const AMOUNT = "[0-9]{1,20}(\\.[0-9]{1,18})?";
export const AMOUNT_SAYS = "digits and one point, such as 0.5: no sign, no comma, no letters";

type Props = InputHTMLAttributes<HTMLInputElement> & { name: string; "data-testid": string };

/** One line of a form: its name, and what is typed. Amounts are typed and sent as texts. A wrong form is told by `title`. */
export function Field({ name, ...rest }: Props) {
  const says = useId();
  const { pattern, title, value } = rest;
  const isWrong = pattern !== undefined && typeof value === "string" && value !== "" && !new RegExp(`^(?:${pattern})$`, "u").test(value);
  return (
    <label className="flex flex-col gap-1 text-2xs text-muted">
      {name}
      <input
        {...rest}
        aria-invalid={isWrong}
        aria-describedby={isWrong ? says : undefined}
        autoComplete="off"
        spellCheck={false}
        className="num h-8 rounded-md border border-field bg-s2 px-2 text-xs text-text"
      />
      {isWrong && (
        <span id={says} role="status" className="text-danger" data-testid={`${rest["data-testid"]}-wrong`}>
          {title ?? "this has another form"}
        </span>
      )}
    </label>
  );
}
