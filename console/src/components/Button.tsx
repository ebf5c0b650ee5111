import type { ButtonHTMLAttributes, Ref } from "react";
import { Icon, type IconName } from "./Icon";
import { cx } from "./cx";

const LOOKS = {
  primary: "bg-accentfill text-onaccent border-transparent font-semibold hover:brightness-110",
  plain: "bg-s3 text-text border-line hover:border-field",
  quiet: "bg-transparent text-text2 border-transparent hover:bg-s3 hover:text-text",
  danger: "bg-dangerfill text-ondanger border-transparent font-semibold hover:brightness-115",
} as const;

type Props = ButtonHTMLAttributes<HTMLButtonElement> & {
  look?: keyof typeof LOOKS;
  icon?: IconName;
  small?: boolean;
  ref?: Ref<HTMLButtonElement>;
  "data-testid": string;
};

export function Button({ look = "plain", icon, small = false, className, children, ...rest }: Props) {
  return (
    <button
      type="button"
      {...rest}
      className={cx(
        "inline-flex shrink-0 items-center justify-center gap-1.5 rounded-md border whitespace-nowrap transition-colors",
        "disabled:opacity-50",
        small ? "h-7 min-w-7 px-2 text-xs" : "h-8 min-w-8 px-3 text-[0.8125rem]",
        LOOKS[look],
        className,
      )}
    >
      {icon && <Icon name={icon} size={small ? 14 : 16} />}
      {children}
    </button>
  );
}

/** A button that is only an icon on the screen, with its name for those who do not see it. */
export function IconButton({ name, label, ...rest }: Omit<Props, "icon" | "children"> & { name: IconName; label: string }) {
  return <Button look="quiet" small icon={name} aria-label={label} title={label} {...rest} />;
}
