import { useMeta } from "@/api/queries";
import { momentOf } from "@/format/time";
import { useLine } from "@/live/live";
import { useZone } from "@/settings/settings";

/** Stands on paper only: of which desk this is and how far it knows, for whoever finds the page without the console. */
export function Masthead() {
  const meta = useMeta().data;
  const { asOf } = useLine();
  const zone = useZone();
  const known = asOf === null ? "as of an unknown moment" : `as of event ${asOf.seq}${asOf.at === null ? "" : `, ${momentOf(asOf.at, zone)} ${zone}`}`;
  return (
    <p className="m-0 hidden text-xs text-text2 print:block" data-testid="masthead">
      {`flatbook ${meta?.version ?? ""}, the desk in ${meta?.home ?? "an unknown home"}, ${known}; days are those of New York`}
    </p>
  );
}
