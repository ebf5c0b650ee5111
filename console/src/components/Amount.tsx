import { directionOf, shown, withUnit } from "@/format/decimal";
import { Unknown } from "./Unknown";
import { cx } from "./cx";

type Props = {
  value: string | null | undefined;
  unit?: string | null | undefined;
  places?: number | undefined;
  most?: number | undefined;
  /** `pnl` colours by gain and loss and always shows the sign; `plain` does not. */
  tone?: "plain" | "pnl" | undefined;
  signed?: boolean | undefined;
  testid?: string | undefined;
  className?: string | undefined;
  unitDim?: boolean;
};

/** One amount. The exact text is in its title; what is unknown is never shown as zero. */
export function Amount({ value, unit, places, most, tone = "plain", signed, testid, className, unitDim = true }: Props) {
  if (value === null || value === undefined) return <Unknown testid={testid} />;
  const way = directionOf(value);
  const text = shown(value, { places, most, signed: signed ?? tone === "pnl" });
  return (
    <span
      className={cx("num", tone === "pnl" && way > 0 && "text-up", tone === "pnl" && way < 0 && "text-down", className)}
      title={withUnit(value, unit)}
      data-testid={testid}
      data-value={value}
    >
      {text}
      {unit && <span className={cx("ml-1 text-[0.85em]", unitDim && "text-muted")}>{unit}</span>}
    </span>
  );
}
