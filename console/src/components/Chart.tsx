import { useState, type ReactNode } from "react";
import { Button } from "./Button";

/** The same numbers for those who read them instead of the lines, the newest last. Made only when it is looked at. */
export type Twin = { heads: readonly string[]; rows: () => readonly (readonly string[])[] };

export const TWIN_ROWS_MAX = 240;

function Numbers({ twin, testid }: { twin: Twin; testid: string }) {
  return (
    <div className="max-h-56 overflow-auto" tabIndex={0} role="region" aria-label="the numbers of the chart" data-testid={`${testid}-table`}>
      <table className="w-full text-2xs">
        <thead>
          <tr className="text-muted">
            {twin.heads.map((head, place) => (
              <th key={head} scope="col" className={place === 0 ? "text-left font-medium" : "text-right font-medium"}>
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {twin
            .rows()
            .slice(-TWIN_ROWS_MAX)
            .map((cells, row) => (
              <tr key={`${row} ${cells[0]}`}>
                {cells.map((cell, place) => (
                  <td key={twin.heads[place]} className={place === 0 ? "num text-text2" : "num text-right"}>
                    {cell}
                  </td>
                ))}
              </tr>
            ))}
        </tbody>
      </table>
    </div>
  );
}

type Props = {
  testid: string;
  /** One sentence that says what is drawn. */
  summary: string;
  legend?: ReactNode;
  /** Null where a table with the same numbers stands beside the chart. */
  twin: Twin | null;
  /** What is drawn, while the numbers are not shown in its place. */
  children: ReactNode;
};

/** A picture of numbers, the sentence that says what it shows, and the numbers themselves in its place on demand. */
export function Chart({ testid, summary, legend, twin, children }: Props) {
  const [asTable, setAsTable] = useState(false);
  return (
    <figure className="m-0 flex flex-col gap-1" data-testid={testid}>
      <figcaption className="flex min-h-7 items-center gap-3 text-2xs text-text2">
        {legend}
        <span className="min-w-0 text-muted" data-testid={`${testid}-says`}>
          {summary}
        </span>
        {twin && (
          <Button small look="quiet" className="ml-auto print:hidden" aria-pressed={asTable} onClick={() => setAsTable(!asTable)} data-testid={`${testid}-twin`}>
            {asTable ? "Chart" : "Table"}
          </Button>
        )}
      </figcaption>
      {asTable && twin ? <Numbers twin={twin} testid={testid} /> : children}
    </figure>
  );
}
