import { Select as Radix } from "radix-ui";
import { Icon } from "./Icon";

export type Choice = { value: string; label: string };
const ALL = "__all__";

type Props = { value: string; choices: readonly Choice[]; onChange: (value: string) => void; label: string; testid: string };

/** One of several choices. An empty value is a choice like any other. */
export function Select({ value, choices, onChange, label, testid }: Props) {
  return (
    <Radix.Root value={value === "" ? ALL : value} onValueChange={(next) => onChange(next === ALL ? "" : next)}>
      <Radix.Trigger
        aria-label={label}
        data-testid={testid}
        className="inline-flex h-7 items-center gap-1.5 rounded-md border border-field bg-s2 px-2 text-xs text-text hover:border-text2"
      >
        <Radix.Value />
        <Radix.Icon>
          <span className="inline-block rotate-90">
            <Icon name="right" size={11} />
          </span>
        </Radix.Icon>
      </Radix.Trigger>
      <Radix.Portal>
        <Radix.Content position="popper" sideOffset={4} className="z-50 max-h-80 overflow-auto rounded-md border border-line bg-s2 p-1 shadow-xl">
          <Radix.Viewport>
            {choices.map(({ value: one, label: name }) => (
              <Radix.Item
                key={one}
                value={one === "" ? ALL : one}
                data-testid={`${testid}-${one === "" ? "all" : one}`}
                className="flex h-7 items-center gap-2 rounded px-2 text-xs text-text2 outline-none data-[highlighted]:bg-s3 data-[highlighted]:text-text"
              >
                <Radix.ItemText>{name}</Radix.ItemText>
                <Radix.ItemIndicator className="ml-auto text-accent">
                  <Icon name="ok" size={12} />
                </Radix.ItemIndicator>
              </Radix.Item>
            ))}
          </Radix.Viewport>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** A few choices side by side, one of them taken. */
export function Segments({ value, choices, onChange, label, testid }: Props) {
  return (
    <div role="group" aria-label={label} data-testid={testid} className="inline-flex flex-wrap rounded-md border border-field p-0.5">
      {choices.map((choice) => (
        <button
          key={choice.value}
          type="button"
          aria-pressed={choice.value === value}
          data-testid={`${testid}-${choice.value || "all"}`}
          onClick={() => onChange(choice.value)}
          className="h-6 rounded px-2 text-xs text-text2 hover:text-text aria-pressed:bg-s3 aria-pressed:font-semibold aria-pressed:text-text"
        >
          {choice.label}
        </button>
      ))}
    </div>
  );
}
