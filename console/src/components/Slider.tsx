import { Slider as Radix } from "radix-ui";

type Props = { value: number; min: number; max: number; onChange: (value: number) => void; onSettle: (value: number) => void; label: string; valueText: string; testid: string };

/** A value on a line. It tells while it is dragged, and once more when it is let go. */
export function Slider({ value, min, max, onChange, onSettle, label, valueText, testid }: Props) {
  return (
    <Radix.Root
      data-testid={testid}
      className="relative flex h-6 min-w-40 flex-1 touch-none items-center select-none"
      value={[value]}
      min={min}
      max={Math.max(max, min + 1)}
      onValueChange={([next]) => next !== undefined && onChange(next)}
      onValueCommit={([next]) => next !== undefined && onSettle(next)}
    >
      <Radix.Track className="relative h-1.5 flex-1 rounded-full bg-s3 ring-1 ring-field">
        <Radix.Range className="absolute h-full rounded-full bg-accentfill" />
      </Radix.Track>
      <Radix.Thumb data-testid={`${testid}-thumb`} aria-label={label} aria-valuetext={valueText} className="block size-6 rounded-full border-2 border-accentfill bg-app" />
    </Radix.Root>
  );
}
